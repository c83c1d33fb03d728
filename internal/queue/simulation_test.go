package queue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/internal/player"
	"tabiya/internal/queue"
	"tabiya/schemas"
	"tabiya/tables"
)

// The simulation is a small Kafka with the three processors on it. Whatever is
// on its way from one partition of one topic to one partition of another arrives
// in order, but any time later; a crash loses what has not arrived, the table's
// writes included, and goes back to the commit; a stale owner's messages arrive
// beside those of its successor.

// core is an aggregate's logic over encoded rows.
type core interface {
	decide(key string, row []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) (next []byte, changed bool, out []schemas.Message)
	replay(key string, row []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message
	head(row []byte) schemas.Head
}

type playerCore struct{ table tables.Table[*player.State] }

func (c playerCore) row(key string, raw []byte) *player.State { return decode(c.table, key, raw) }
func (c playerCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	next, changed, out := player.Decide(c.row(key, raw), cmd, at, origin)
	return encode(c.table, next, changed), changed, out
}
func (c playerCore) replay(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	return player.Replay(c.row(key, raw), cmd, at, origin)
}
func (c playerCore) head(raw []byte) schemas.Head { return head(raw) }

type queueCore struct {
	queue.Config
	table tables.Table[*queue.State]
}

func (c queueCore) row(key string, raw []byte) *queue.State { return decode(c.table, key, raw) }
func (c queueCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	next, changed, out := c.Decide(c.row(key, raw), cmd, at, origin.Offset)
	return encode(c.table, next, changed), changed, out
}
func (c queueCore) replay(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	return c.Replay(c.row(key, raw), cmd, at, origin.Offset)
}
func (c queueCore) head(raw []byte) schemas.Head { return head(raw) }

func decode[R tables.Row](t tables.Table[R], key string, raw []byte) (row R) {
	if raw == nil {
		return row
	}
	row, err := t.Decode(key, raw)
	if err != nil {
		panic(err)
	}
	return row
}

func encode[R tables.Row](t tables.Table[R], row R, changed bool) []byte {
	if !changed {
		return nil
	}
	return t.Encode(row)
}

func head(raw []byte) schemas.Head {
	if raw == nil {
		return schemas.Head{Offset: -1}
	}
	h, err := tables.PeekHead(raw)
	if err != nil {
		panic(err)
	}
	return h
}

// gameRow is a game as far as its players' seats are concerned.
type gameRow struct {
	Head         schemas.Head
	Status       string // live, over, void
	Failed       bool   // aborted because its match failed
	Game         schemas.CreateGamePayload
	Said         map[int64][]schemas.Record
	RecordsAbort bool
}

type gameCore struct{ recordsAbort bool }

func (c gameCore) head(raw []byte) schemas.Head {
	if raw == nil {
		return schemas.Head{Offset: -1}
	}
	return gameOf(raw).Head
}

func gameOf(raw []byte) gameRow {
	g := gameRow{Said: map[int64][]schemas.Record{}}
	if raw != nil {
		if err := json.Unmarshal(raw, &g); err != nil {
			panic(err)
		}
	}
	return g
}

func (c gameCore) decide(key string, raw []byte, cmd schemas.Command, at schemas.Time, origin schemas.Origin) ([]byte, bool, []schemas.Message) {
	g := gameOf(raw)
	var out []schemas.Message
	tell := func(t schemas.CommandType, to, purpose string, payload any) {
		out = append(out, schemas.Command{ID: schemas.DerivedID(key, purpose, 1), Type: t, Key: to, Region: "eu", Actor: schemas.ActorSystem, Payload: payload})
	}
	sides := func() [2]schemas.Seated { return [2]schemas.Seated{g.Game.White, g.Game.Black} }
	record := func(rated bool) {
		for i, s := range sides() {
			tell(schemas.RecordResult, s.PlayerID, fmt.Sprint("record", i), &schemas.RecordResultPayload{
				GameID: key, Speed: g.Game.TimeControl.Speed(), Rated: rated, Score: float64(i), Opponent: sides()[1-i],
			})
		}
	}
	switch {
	case cmd.Type == schemas.CreateGame && g.Status == "":
		g.Status, g.Game = "live", *cmd.Payload.(*schemas.CreateGamePayload)
		for i, s := range sides() {
			tell(schemas.SeatInGame, s.PlayerID, fmt.Sprint("seat", i), &schemas.SeatInGamePayload{GameID: key, TicketID: s.TicketID, Attempt: s.Attempt})
		}
		tell(schemas.ConfirmMatch, g.Game.Queue, "confirm", &schemas.ConfirmMatchPayload{GameID: key})
	case cmd.Type == schemas.AbortGame && g.Status == "":
		g.Status = "void"
	case cmd.Type == schemas.AbortGame && g.Status == "live":
		g.Status, g.Failed = "over", true
		if c.recordsAbort {
			record(false)
		}
	case cmd.Type == schemas.Resign && g.Status == "live":
		g.Status = "over"
		record(true)
	default:
		return raw, false, nil
	}
	g.Head = schemas.Head{Version: g.Head.Version + 1, Offset: origin.Offset}
	for _, m := range out {
		g.Said[origin.Offset] = append(g.Said[origin.Offset], m.Record())
	}
	next, err := json.Marshal(g)
	if err != nil {
		panic(err)
	}
	return next, true, out
}

func (c gameCore) replay(_ string, raw []byte, _ schemas.Command, _ schemas.Time, origin schemas.Origin) (out []schemas.Message) {
	for _, r := range gameOf(raw).Said[origin.Offset] {
		cmd, err := schemas.DecodeCommand(r.Value)
		if err != nil {
			panic(err)
		}
		out = append(out, cmd)
	}
	return out
}

// place is one partition of one topic.
type place struct {
	topic     string
	partition int32
}

type logged struct {
	cmd schemas.Command
	at  schemas.Time
}

type parcel struct {
	offset int64 // of the command that it comes from
	record schemas.Record
	row    []byte // a table write instead of a record
}

// lane keeps the order of what goes from one owner of a place to another place.
type lane struct {
	from, to place
	parcels  []parcel
	stale    bool
}

type node struct {
	place
	core       core
	log        []logged
	rows       map[string][]byte // of the present owner
	durable    map[string][]byte
	position   int64
	highest    int64 // position ever reached: below it the owner is replaying
	committed  int64
	generation int
	lanes      map[place]*lane
}

func (n *node) recovering() bool { return n.position < n.highest }

const (
	partitions = 2
	// inFlight is how many commands of a partition may wait for the arrival of
	// what they led to. The rows' memories are larger.
	inFlight = 16
)

var tableOf = map[string]string{
	schemas.PlayerCommands: schemas.PlayersTable, schemas.QueueCommands: schemas.MatchmakingTable, schemas.GameCommands: schemas.GamesTable,
}

type world struct {
	t     *testing.T
	rng   *rand.Rand
	clock schemas.Time
	nodes map[string][]*node // by commands topic
	all   []*node
	lanes []*lane
	core  queueCore

	players, queues []string
	events          map[string]map[int64][]byte // key to seq to bytes
	answered        map[string]bool             // command id
	refused         map[string]schemas.Code
	accepted        map[string]bool
	sent            map[string]int  // client command ids and how often they were sent
	failed          map[string]bool // games whose match a queue has given up
	slow            map[place]bool  // where things take long to arrive
	ids             int64
	recent          []logged // client commands, to send again
}

func newWorld(t *testing.T, seed uint64, recordsAbort bool) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), clock: 1_000_000,
		nodes: map[string][]*node{}, events: map[string]map[int64][]byte{}, answered: map[string]bool{},
		refused: map[string]schemas.Code{}, accepted: map[string]bool{}, sent: map[string]int{},
		failed: map[string]bool{}, slow: map[place]bool{},
		core: queueCore{queue.Config{MaxTickets: 5}.WithDefaults(), tables.Queues()},
	}
	cores := map[string]core{
		schemas.PlayerCommands: playerCore{tables.Players()},
		schemas.QueueCommands:  w.core,
		schemas.GameCommands:   gameCore{recordsAbort},
	}
	for _, topic := range []string{schemas.PlayerCommands, schemas.QueueCommands, schemas.GameCommands} {
		for p := range int32(partitions) {
			n := &node{place: place{topic, p}, core: cores[topic], rows: map[string][]byte{}, durable: map[string][]byte{}, lanes: map[place]*lane{}}
			w.nodes[topic] = append(w.nodes[topic], n)
			w.all = append(w.all, n)
		}
	}
	for _, topic := range []string{
		schemas.PlayerCommands, schemas.QueueCommands, schemas.GameCommands, schemas.PlayerEvents, schemas.QueueEvents,
		schemas.CommandReplies, schemas.PlayersTable, schemas.MatchmakingTable,
	} {
		for p := range int32(partitions) {
			w.slow[place{topic, p}] = w.rng.IntN(3) == 0
		}
	}
	for i := range 6 {
		w.players = append(w.players, schemas.DerivedID("player", "test", int64(i)))
	}
	w.queues = []string{schemas.QueueKey("eu", "3+0", 0), schemas.QueueKey("eu", "5+0", 0)}
	return w
}

func (w *world) at(topic, key string) place {
	sum := 0
	for _, b := range []byte(key) {
		sum += int(b)
	}
	return place{topic, int32(sum % partitions)}
}

func (w *world) node(p place) *node { return w.nodes[p.topic][p.partition] }

func (w *world) append(cmd schemas.Command) {
	n := w.node(w.at(cmd.Record().Topic, cmd.Key))
	n.log = append(n.log, logged{cmd, w.clock})
}

// process lets a node handle its next command.
func (w *world) process(n *node) bool {
	if n == nil || n.position >= int64(len(n.log)) {
		return false
	}
	if n.position-n.committed >= inFlight {
		if n.commit(); n.position-n.committed >= inFlight {
			return false
		}
	}
	offset, in := n.position, n.log[n.position]
	origin := schemas.Origin{Partitions: partitions, Partition: n.partition, Offset: offset}
	row := n.rows[in.cmd.Key]
	before := bytes.Clone(row)
	var out []schemas.Message
	if row != nil && offset <= n.core.head(row).Offset {
		out = n.core.replay(in.cmd.Key, row, in.cmd, in.at, origin)
	} else {
		next, changed, messages := n.core.decide(in.cmd.Key, row, in.cmd, in.at, origin)
		out = messages
		if changed {
			if h, old := n.core.head(next), n.core.head(row); h.Version != old.Version+1 || h.Offset != offset {
				w.t.Fatalf("%s made head %v out of %v at offset %d", in.cmd.Type, h, old, offset)
			}
			n.rows[in.cmd.Key] = next
			w.put(n, place{tableOf[n.topic], n.partition}, parcel{offset, schemas.Record{Key: in.cmd.Key}, next})
		}
	}
	if !bytes.Equal(row, before) {
		w.t.Fatalf("%s altered the row it was given", in.cmd.Type)
	}
	for _, m := range out {
		r := m.Record()
		w.put(n, w.at(r.Topic, r.Key), parcel{offset, r, nil})
		if e, ok := m.(schemas.Event); ok && e.Type == schemas.MatchFailed {
			w.failed[e.Payload.(*schemas.MatchFailedPayload).GameID] = true
		}
	}
	n.position++
	n.highest = max(n.highest, n.position)
	return true
}

func (w *world) put(n *node, to place, p parcel) {
	l := n.lanes[to]
	if l == nil {
		l = &lane{from: n.place, to: to}
		n.lanes[to] = l
		w.lanes = append(w.lanes, l)
	}
	l.parcels = append(l.parcels, p)
}

// deliver lets the first parcel of a lane arrive.
func (w *world) deliver(l *lane) bool {
	if l == nil || len(l.parcels) == 0 {
		return false
	}
	p := l.parcels[0]
	l.parcels = l.parcels[1:]
	if p.row != nil {
		n := w.node(l.from)
		if old := n.durable[p.record.Key]; old == nil || n.core.head(p.row).Version > n.core.head(old).Version {
			n.durable[p.record.Key] = p.row
		}
		return true
	}
	switch l.to.topic {
	case schemas.CommandReplies:
		r, err := schemas.DecodeReply(p.record.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.answered[r.CommandID] = true
		if r.Type == schemas.CommandRejected {
			w.refused[r.CommandID] = r.Code
		}
	case schemas.PlayerEvents, schemas.QueueEvents:
		e, err := schemas.DecodeEvent(p.record.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.event(e, p.record.Value)
	default:
		cmd, err := schemas.DecodeCommand(p.record.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.append(cmd)
	}
	return true
}

func (w *world) event(e schemas.Event, raw []byte) {
	w.answered[e.CommandID], w.accepted[e.CommandID] = true, true
	if w.events[e.Key] == nil {
		w.events[e.Key] = map[int64][]byte{}
	}
	if old, ok := w.events[e.Key][e.Seq]; ok && !bytes.Equal(old, raw) {
		w.t.Fatalf("event %d of %s was said twice, not in the same words:\n%s\n%s", e.Seq, e.Key, old, raw)
	}
	w.events[e.Key][e.Seq] = raw
}

// commit moves the commit up to the first command of which something has not
// arrived.
func (n *node) commit() {
	to := n.position
	for _, l := range n.lanes {
		if len(l.parcels) > 0 {
			to = min(to, l.parcels[0].offset)
		}
	}
	n.committed = max(n.committed, to)
}

// crash starts a new owner at the commit. If the old one is only stale, what it
// had sent still arrives; else it is lost.
func (w *world) crash(n *node, stale bool) {
	for _, l := range n.lanes {
		if stale {
			l.stale = true
		} else {
			l.parcels = nil
		}
	}
	n.lanes = map[place]*lane{}
	n.rows = maps.Clone(n.durable)
	n.position = n.committed
	n.generation++
}

// timers sends what rows want by now.
func (w *world) timers() {
	for _, n := range w.nodes[schemas.QueueCommands] {
		for _, key := range slices.Sorted(maps.Keys(n.rows)) {
			if at, cmd, ok := w.core.Deadline(w.core.row(key, n.rows[key])); ok && at <= w.clock {
				w.append(cmd)
			}
		}
	}
}
