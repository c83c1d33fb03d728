package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// setAside returns what `tabiya repair list --json` prints, and checks its exit status.
func (p *platform) setAside() []tables.SetAside {
	p.t.Helper()
	var out strings.Builder
	err := listSetAside(p.t.Context(), &out, p.Config, true)
	var rows []tables.SetAside
	if e := json.Unmarshal([]byte(out.String()), &rows); e != nil {
		p.t.Fatalf("%s: %v", &out, e)
	}
	if rows == nil || (err != nil) != (len(rows) > 0) {
		p.t.Fatalf("%d rows are listed, and the error is %v", len(rows), err)
	}
	return rows
}

// listed returns topic, key and state of the rows that are set aside.
func (p *platform) listed() map[string]bool {
	p.t.Helper()
	found := make(map[string]bool)
	for _, r := range p.setAside() {
		found[strings.Join([]string{r.Topic, r.Key, string(r.State)}, " ")] = true
	}
	return found
}

// produceTo writes a record to a partition of its own choice, as a producer with another
// hash does.
func (p *platform) produceTo(partition int32, rec *kgo.Record) {
	p.t.Helper()
	client, err := kgo.NewClient(append(p.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	rec.Partition = partition
	if err := client.ProduceSync(p.t.Context(), rec).FirstErr(); err != nil {
		p.t.Fatal(err)
	}
}

// wrongPartition returns a partition that is not the key's.
func wrongPartition(key string) int32 {
	return (kafka.PartitionOf(key, platformPartitions) + 1) % platformPartitions
}

func (p *platform) repair(key string) {
	p.t.Helper()
	var out strings.Builder
	if err := repairRow(p.t.Context(), &out, p.Config, key, time.Minute); err != nil || out.String() != "repaired "+key+"\n" {
		p.t.Fatalf("%s: %v", &out, err)
	}
}

// A game, a player who plays it, a player who waits, and both of their queues cannot be
// read. After their repair the game goes on with its seats, the player who waited still
// waits or knows that they do not, and their profiles are back. A player whose game ended
// meanwhile has its result.
func TestRepairOfGamesPlayersAndQueues(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	if rows := p.setAside(); len(rows) > 0 {
		t.Fatalf("rows %v are listed", rows)
	}
	processors := startProcessors(t, p.Config)
	ids := p.register(7)
	paired, busy, quiet := schemas.QueueKey("eu", "30+20", 0), schemas.QueueKey("eu", "15+10", 0), schemas.QueueKey("eu", "10+5", 0)
	live := p.pair(ids[:2], paired)[0]
	p.accept(join(ids[2], busy))
	p.accept(join(ids[3], quiet))
	ends := p.rated(ids[4], ids[5])
	before := rows(p, tables.Players())
	game := rows(p, tables.Games())[live.ID]
	for _, r := range processors {
		r.stop()
	}
	corrupt := map[string]string{live.ID: schemas.GamesTable, ids[0]: schemas.PlayersTable, ids[2]: schemas.PlayersTable, ids[4]: schemas.PlayersTable, paired: schemas.MatchmakingTable, quiet: schemas.MatchmakingTable}
	for key, topic := range corrupt {
		p.produce(&kgo.Record{Topic: topic, Key: []byte(key), Value: []byte("garbage")})
	}
	ahead := *before[ids[6]] // a good row of a command that is not in the log
	ahead.Version, ahead.Offset = ahead.Version+1, 1<<20
	p.produce(&kgo.Record{Topic: schemas.PlayersTable, Key: []byte(ids[6]), Value: tables.Players().Encode(ids[6], &ahead)})
	p.produceTo(wrongPartition(live.ID), &kgo.Record{Topic: schemas.GamesTable, Key: []byte(live.ID), Value: []byte("garbage")})
	found := p.listed()
	for key, topic := range corrupt {
		if !found[topic+" "+key+" corrupt"] {
			t.Errorf("%s of %s is not listed: %v", key, topic, found)
		}
	}
	if misplaced := schemas.GamesTable + " " + live.ID + " misplaced"; len(found) != 7 || !found[misplaced] {
		t.Fatalf("listed are %v", found)
	}

	startProcessors(t, p.Config)
	if err := repairRow(t.Context(), &strings.Builder{}, p.Config, schemas.NewID(), time.Minute); err == nil || !strings.Contains(err.Error(), "no row of") {
		t.Errorf("the repair of a key without a row returned %v", err)
	}
	stranger := join(ids[1], quiet) // holds a seat in the game
	p.send(stranger)
	if _, code := p.answered(stranger); code != schemas.CodeAlreadyPlaying {
		t.Errorf("a player with a seat was answered %q", code)
	}
	resign := schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: ends, Region: "eu", Actor: ids[5]}
	p.accept(resign)
	eventually.True(t, "the loser to be rated", func() bool { return len(rows(p, tables.Players())[ids[5]].Ratings) == 1 })
	for _, key := range []string{live.ID, ids[0], ids[2], ids[4], ids[6], paired, quiet} { // the order of the list
		p.repair(key)
	}
	if err := repairRow(t.Context(), &strings.Builder{}, p.Config, ids[6], time.Minute); err == nil || !strings.Contains(err.Error(), "not quarantined") {
		t.Errorf("the repair of a key that is not quarantined returned %v", err)
	}
	after := rows(p, tables.Players())
	if row := after[ids[6]]; row.Handle != before[ids[6]].Handle || row.Offset >= ahead.Offset {
		t.Errorf("the row that was ahead of the log is %+v", row)
	}
	if seat := after[ids[0]].Seat; seat.Status != player.Playing || seat.GameID != live.ID || seat.TicketID != before[ids[0]].Seat.TicketID {
		t.Errorf("the seat of the player is %+v", seat)
	}
	if seat := after[ids[2]].Seat; seat.Status != player.Queued || seat.Queue != busy || seat.TicketID != before[ids[2]].Seat.TicketID {
		t.Errorf("the seat of the player who waits is %+v", seat)
	}
	p.checkRatings(after, ends, ids[4], ids[5])
	if after[ids[0]].Handle != before[ids[0]].Handle || !sameGame(rows(p, tables.Games())[live.ID], game) {
		t.Error("the game or the player is not what it was")
	}
	p.waitIdle(ids[3])
	games := rows(p, tables.Games())
	delete(games, ends)
	p.playAll(games)
	p.accept(join(ids[3], quiet))
	leave := schemas.Command{ID: schemas.NewID(), Type: schemas.LeaveQueue, Key: ids[2], Region: "eu", Actor: ids[2]}
	p.accept(leave)
	assertSeqs(t, p)
	if found := p.listed(); len(found) != 1 {
		t.Fatalf("listed are %v, want the misplaced row alone", found)
	}
}

// rated starts a rated game that a service makes, in which both have moved.
func (p *platform) rated(white, black string) (gameID string) {
	p.t.Helper()
	g := &game.State{ID: schemas.NewID(), Region: "eu"}
	g.White, g.Black = schemas.Seated{PlayerID: white, Rating: 1500, Deviation: 500}, schemas.Seated{PlayerID: black, Rating: 1500, Deviation: 500}
	p.accept(schemas.Command{ID: schemas.NewID(), Type: schemas.CreateGame, Key: g.ID, Region: "eu", Actor: schemas.ActorService,
		Payload: &schemas.CreateGamePayload{White: g.White, Black: g.Black, TimeControl: schemas.TimeControl{InitialCs: 180_000}, Rated: true}})
	for ; g.Plies < 2; g.Plies++ {
		p.accept(play(g))
	}
	return g.ID
}

// checkRatings fails unless winner and loser were rated once, by the game.
func (p *platform) checkRatings(players map[string]*player.State, gameID, winner, loser string) {
	p.t.Helper()
	for id, score := range map[string]float64{winner: 1, loser: 0} {
		if s := players[id]; len(s.Ratings) != 1 || s.Ratings[0].Games != 1 || (s.Ratings[0].Rating > 1500) != (score == 1) {
			p.t.Errorf("the ratings of %s are %+v", id, s.Ratings)
		}
		told := 0
		for _, r := range p.log(schemas.PlayerEvents) {
			ev, err := schemas.DecodeEvent(r.Value)
			if rated, ok := ev.Payload.(*schemas.PlayerRatedPayload); err == nil && ok && ev.Key == id {
				told++
				if rated.GameID != gameID || rated.Basis.Score != score || rated.Rating != players[id].Ratings[0].Rating {
					p.t.Errorf("%s was told %+v", id, rated)
				}
			}
		}
		if told != 1 {
			p.t.Errorf("%s was told %d times", id, told)
		}
	}
}

// waitIdle waits until a player holds no seat and was told that they left the queue.
func (p *platform) waitIdle(playerID string) {
	p.t.Helper()
	eventually.True(p.t, "the seat to be free", func() bool {
		return rows(p, tables.Players())[playerID].Seat.Status == player.Idle
	})
	for _, r := range p.log(schemas.QueueEvents) {
		ev, err := schemas.DecodeEvent(r.Value)
		if left, ok := ev.Payload.(*schemas.PlayerLeftQueuePayload); err == nil && ok && left.PlayerID == playerID {
			return
		}
	}
	p.t.Errorf("player %s was not told that they left the queue", playerID)
}

// A tombstone of a queue, quarantined or not, frees the seats of those who waited, and
// its events go on counting. A join during the quarantine is refused and holds no seat.
func TestTombstoneOfAQueueFreesItsSeats(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	processors := startProcessors(t, p.Config)
	ids := p.register(4)
	key := schemas.QueueKey("eu", "15+10", 0)
	p.accept(join(ids[0], key))
	processors[1].stop()
	p.produce(&kgo.Record{Topic: schemas.MatchmakingTable, Key: []byte(key), Value: []byte("garbage")})
	matchmaking := startProcessor(t, p.Config, "matchmaking").waitReady()
	refused := join(ids[1], key)
	p.send(refused)
	if _, code := p.answered(refused); code != schemas.CodeQuarantined {
		t.Fatalf("a join of a quarantined queue was answered %q", code)
	}
	eventually.True(t, "the seat of the refused player to be free", func() bool {
		return rows(p, tables.Players())[ids[1]].Seat.Status == player.Idle
	})
	matchmaking.stop()
	p.produce(&kgo.Record{Topic: schemas.MatchmakingTable, Key: []byte(key)})
	matchmaking = startProcessor(t, p.Config, "matchmaking").waitReady()
	p.waitIdle(ids[0])

	p.accept(join(ids[0], key))
	matchmaking.stop()
	p.produce(&kgo.Record{Topic: schemas.MatchmakingTable, Key: []byte(key)}) // of a good row
	startProcessor(t, p.Config, "matchmaking").waitReady()
	p.waitIdle(ids[0])
	p.pair(ids[:2], key)
	assertSeqs(t, p)
}

func TestRepairListAsATable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printSetAside(&out, []tables.SetAside{
		{Topic: "games-table", Partition: 3, Offset: 17, Key: "g\x1b[2J", Bytes: 7, State: tables.Corrupt, Reason: "7 bytes are not a row"},
	}, false); err != nil {
		t.Fatal(err)
	}
	want := "KEY           STATE    TOPIC        PARTITION  OFFSET  BYTES  REASON\n" +
		"\"g\\x1b[2J\"  corrupt  games-table  3          17      7      7 bytes are not a row\n"
	if got := out.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") || strings.Contains(got, "\x1b") {
		t.Errorf("got\n%q", got)
	}
	var c cli
	parse(t, &c, "repair", "some-id", "--kafka=x:1")
	if c.Repair.Row.ID != "some-id" {
		t.Errorf("'repair some-id' was parsed as %+v", c.Repair)
	}
	var l cli
	if parse(t, &l, "repair", "list", "--kafka=x:1", "--json"); !l.Repair.List.Json || l.Repair.Row.ID != "" {
		t.Errorf("'repair list --json' was parsed as %+v", l.Repair)
	}
}
