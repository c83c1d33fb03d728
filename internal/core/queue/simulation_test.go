package queue_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/core/queue"
	"tabiya/schemas"
	"tabiya/tables"
)

// The simulation is a small Kafka with the three processors on it. Messages from one
// partition to another arrive in order, but after any delay. A crash loses what has not
// arrived, including table writes, and restarts at the committed offset. Messages of a
// stale owner arrive interleaved with those of its successor.

// topicPartition is a partition of a topic.
type topicPartition struct {
	topic     string
	partition int32
}

type logged struct {
	cmd schemas.Command
	at  schemas.Time
}

type parcel struct {
	offset int64 // of the command that caused it
	record schemas.Record
	row    []byte // a table write instead of a record
}

// link carries what one owner of a partition sends to another partition, in order.
type link struct {
	from, to topicPartition
	parcels  []parcel
	stale    bool
}

type node struct {
	topicPartition
	core       core
	log        []logged
	rows       map[string][]byte // of the current owner
	durable    map[string][]byte
	position   int64
	highest    int64 // highest position ever reached; below it the owner is replaying
	committed  int64
	generation int
	links      map[topicPartition]*link
}

func (n *node) recovering() bool { return n.position < n.highest }

const (
	partitions = 2
	// inFlight is how many commands of a partition may have messages that have not
	// arrived.
	inFlight = queue.OutboxEntries
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
	links []*link
	core  queueCore

	players, queues []string
	events          map[string]map[int64][]byte // key to seq to bytes
	answered        map[string]bool             // command id
	refused         map[string]schemas.Code
	accepted        map[string]bool
	sent            map[string]int          // client command ids and how often they were sent
	evicted         map[string][]byte       // games that ended long ago
	failed          map[string]bool         // games whose match failed
	slow            map[topicPartition]bool // where messages arrive late
	ids             int64
	recent          []logged // client commands, to repeat
}

func newWorld(t *testing.T, seed uint64, recordsAbort bool) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), clock: 1_000_000,
		nodes: map[string][]*node{}, events: map[string]map[int64][]byte{}, answered: map[string]bool{},
		refused: map[string]schemas.Code{}, accepted: map[string]bool{}, sent: map[string]int{},
		failed: map[string]bool{}, evicted: map[string][]byte{}, slow: map[topicPartition]bool{},
		core: queueCore{queue.Config{MaxTickets: 5, MatchDeadline: 5 * time.Second, Dormancy: 8 * time.Second}.WithDefaults(), tables.Queues()},
	}
	cores := map[string]core{
		schemas.PlayerCommands: playerCore{tables.Players()},
		schemas.QueueCommands:  w.core,
		schemas.GameCommands:   gameCore{recordsAbort},
	}
	for _, topic := range []string{schemas.PlayerCommands, schemas.QueueCommands, schemas.GameCommands} {
		for p := range int32(partitions) {
			n := &node{topicPartition: topicPartition{topic, p}, core: cores[topic], rows: map[string][]byte{}, durable: map[string][]byte{}, links: map[topicPartition]*link{}}
			w.nodes[topic] = append(w.nodes[topic], n)
			w.all = append(w.all, n)
		}
	}
	for _, topic := range []string{
		schemas.PlayerCommands, schemas.QueueCommands, schemas.GameCommands, schemas.PlayerEvents, schemas.QueueEvents,
		schemas.CommandReplies, schemas.PlayersTable, schemas.MatchmakingTable,
	} {
		for p := range int32(partitions) {
			w.slow[topicPartition{topic, p}] = w.rng.IntN(3) == 0
		}
	}
	for i := range 6 {
		w.players = append(w.players, schemas.DerivedID("player", "test", int64(i)))
	}
	w.queues = []string{schemas.QueueKey("eu", "3+0", 0), schemas.QueueKey("eu", "5+0", 0)}
	return w
}

func (w *world) partitionOf(topic, key string) topicPartition {
	sum := 0
	for _, b := range []byte(key) {
		sum += int(b)
	}
	return topicPartition{topic, int32(sum % partitions)}
}

func (w *world) node(p topicPartition) *node { return w.nodes[p.topic][p.partition] }

func (w *world) append(cmd schemas.Command) {
	n := w.node(w.partitionOf(cmd.Record().Topic, cmd.Key))
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
			if again := n.core.replay(in.cmd.Key, next, in.cmd, in.at, origin); !slices.EqualFunc(out, again, sameBytes) {
				w.t.Fatalf("%s led to\n%+v\nand would be replayed as\n%+v", in.cmd.Type, out, again)
			}
			w.put(n, topicPartition{tableOf[n.topic], n.partition}, parcel{offset, schemas.Record{Key: in.cmd.Key}, next})
		}
	}
	if !bytes.Equal(row, before) {
		w.t.Fatalf("%s modified the row it was given", in.cmd.Type)
	}
	for _, m := range out {
		r := m.Record()
		w.put(n, w.partitionOf(r.Topic, r.Key), parcel{offset, r, nil})
		if e, ok := m.(schemas.Event); ok && e.Type == schemas.MatchFailed {
			w.failed[e.Payload.(*schemas.MatchFailedPayload).GameID] = true
		}
	}
	n.position++
	n.highest = max(n.highest, n.position)
	return true
}

func sameBytes(a, b schemas.Message) bool {
	x, y := a.Record(), b.Record()
	return x.Topic == y.Topic && x.Key == y.Key && bytes.Equal(x.Value, y.Value)
}

func (w *world) put(n *node, to topicPartition, p parcel) {
	l := n.links[to]
	if l == nil {
		l = &link{from: n.topicPartition, to: to}
		n.links[to] = l
		w.links = append(w.links, l)
	}
	l.parcels = append(l.parcels, p)
}

// deliver delivers the first parcel of a link.
func (w *world) deliver(l *link) bool {
	if l == nil || len(l.parcels) == 0 {
		return false
	}
	p := l.parcels[0]
	l.parcels = l.parcels[1:]
	if p.row != nil {
		n := w.node(l.from)
		if old := n.durable[p.record.Key]; w.evicted[p.record.Key] != nil {
			// A stale owner's row of an evicted game loses against the tombstone.
		} else if old == nil || n.core.head(p.row).Version > n.core.head(old).Version {
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
		w.t.Fatalf("event %d of %s was sent twice with different bytes:\n%s\n%s", e.Seq, e.Key, old, raw)
	}
	w.events[e.Key][e.Seq] = raw
}

// commit commits up to the first command with a message that has not arrived.
func (n *node) commit() {
	to := n.position
	for _, l := range n.links {
		if len(l.parcels) > 0 {
			to = min(to, l.parcels[0].offset)
		}
	}
	n.committed = max(n.committed, to)
}

// crash starts a new owner at the committed offset. What the old one had sent is lost,
// unless it is only stale.
func (w *world) crash(n *node, stale bool) {
	for _, l := range n.links {
		if stale {
			l.stale = true
		} else {
			l.parcels = nil
		}
	}
	n.links = map[topicPartition]*link{}
	n.rows = maps.Clone(n.durable)
	n.position = n.committed
	n.generation++
}

// timers sends the timer commands of the queues that are due.
func (w *world) timers() {
	for _, n := range w.nodes[schemas.QueueCommands] {
		for _, key := range slices.Sorted(maps.Keys(n.rows)) {
			if at, cmd, ok := w.core.NextTimer(w.core.row(key, n.rows[key])); ok && at <= w.clock && cmd.Type != schemas.EndLeases {
				w.append(cmd)
			}
		}
	}
}

// evict deletes games that ended a minute ago and that no replay of their own log can
// bring back.
func (w *world) evict() {
	for _, n := range w.nodes[schemas.GameCommands] {
		n.commit()
		for key, raw := range n.rows {
			g := gameOf(raw)
			stay := time.Minute
			if g.Rematch != "" && !g.NoRematch {
				stay = game.RematchWindow
			}
			if g.Status == "over" && g.EndsAt.Add(stay) < w.clock && g.Head.Offset < n.committed {
				if w.evicted[key] != nil {
					w.t.Fatalf("game %s was played twice", key)
				}
				w.evicted[key] = raw
				delete(n.rows, key)
				delete(n.durable, key)
			}
		}
	}
}

// games calls fn for every game, including evicted ones.
func (w *world) games(fn func(key string, g gameRow)) {
	for key, raw := range w.evicted {
		fn(key, gameOf(raw))
	}
	for _, n := range w.nodes[schemas.GameCommands] {
		for key, raw := range n.rows {
			g := gameOf(raw)
			if w.evicted[key] == nil {
				fn(key, g)
			} else if g.Status != "void" {
				w.t.Fatalf("game %s is played again: %s", key, g.Status)
			}
		}
	}
}
