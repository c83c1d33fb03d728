package processors_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/topology"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/schemas"
	"tabiya/tables"
)

func repairOf(key string) schemas.Command {
	return schemas.Command{ID: schemas.NewID(), Type: schemas.RepairRow, Key: key, Region: "eu", Actor: schemas.ActorOperator}
}

// poison makes the row of a key unreadable and starts the processor again.
func (r *rig) poison(m *member, key string) *member {
	r.t.Helper()
	if err := m.stop(); err != nil {
		r.t.Fatal(err)
	}
	r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: []byte("garbage")})
	return r.start()
}

// waitRow waits until the key's last row can be read.
func (r *rig) waitRow(key string) (row *counter) {
	r.t.Helper()
	eventually.True(r.t, "a good row", func() (ok bool) {
		var err error
		row, err = counterTable().Decode(key, r.rows(schemas.GamesTable)[key])
		return err == nil
	})
	return row
}

// A repaired row holds the place of its repair, not the offset: in a later generation the
// offset would be below every command that was decided before.
func TestRepairInALaterGenerationHoldsItsPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	key := schemas.NewID()
	r.send(move(key, moveWhite, 1))
	r.waitLog(schemas.GameEvents, 1)
	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	r.adopt("game", topology.New)
	m = r.start()
	r.send(move(key, moveBlack, 2))
	r.waitLog(schemas.GameEvents, 2)
	r.poison(m, key)
	r.send(repairOf(key))
	row := r.waitRow(key)
	if generation, _ := schemas.SplitPlace(row.head.Offset); generation != 2 || row.Count != 2 {
		t.Errorf("the row is %+v, of generation %d", row, generation)
	}
	r.send(move(key, moveWhite, 3))
	r.waitLog(schemas.GameEvents, 3)
}

func TestRepairMakesTheRowAgainFromTheEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	m := r.start()
	key := schemas.NewID() // dated, so that the reading does not begin at the first event of the log
	r.send(move(key, moveWhite, 1), move(key, moveBlack, 2), move(key, moveWhite, 3), move("other", moveWhite, 1))
	r.waitLog(schemas.GameEvents, 4)
	m = r.poison(m, key)
	during := move(key, moveBlack, 4)
	r.send(during)
	r.expectReply(during, schemas.CodeQuarantined)

	r.send(repairOf(key))
	row := r.waitRow(key)
	if row.Count != 3 || row.head.Version < time.Now().Add(-time.Hour).UnixMilli() {
		t.Fatalf("the row is %+v", row)
	}
	r.send(during) // stays refused, under this id
	r.send(move(key, moveBlack, 5), move("other", moveBlack, 2))
	r.waitLog(schemas.GameEvents, 6)
	if n := len(r.log(schemas.CommandReplies)); n != 2 {
		t.Fatalf("there are %d replies, want the refusal twice", n)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.send(move(key, moveWhite, 6))
	events := r.waitLog(schemas.GameEvents, 7)
	var seqs []int64
	for _, rec := range events {
		if ev, err := schemas.DecodeEvent(rec.Value); err == nil && ev.Key == key {
			seqs = append(seqs, ev.Seq)
		}
	}
	if !slices.Equal(seqs, []int64{1, 2, 3, 4, 5}) {
		t.Fatalf("the events of the game have seqs %v", seqs)
	}
}

func TestRepairTakesOnlyForAQuarantinedKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	r.send(move("g", moveWhite, 1))
	for _, key := range []string{"g", "a key without a row"} {
		cmd := repairOf(key)
		r.send(cmd)
		r.expectReply(cmd, schemas.CodeNotQuarantined)
	}
	if rows := r.log(schemas.GamesTable); len(rows) != 1 {
		t.Fatalf("there are %d rows, want that of the move alone", len(rows))
	}
}

// A row without an accepted move must not be made, and a panic must not end the
// process.
func TestRepairThatFailsLeavesTheKeyQuarantined(t *testing.T) {
	t.Parallel()
	event := func(key, command string, seq int64) *kgo.Record {
		ev := (&counter{History: make([]change, seq)}).event(key, seq)
		ev.CommandID = command
		return &kgo.Record{Topic: schemas.GameEvents, Key: []byte(key), Value: ev.Record().Value}
	}
	r := newRig(t, 1)
	r.produce(event("gap", schemas.NewID(), 1), event("gap", schemas.NewID(), 3), event("panic", rebuildPanic, 1))
	for _, key := range []string{"gap", "panic"} {
		r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: []byte("garbage")})
	}
	r.start()
	for _, key := range []string{"gap", "panic"} {
		cmd := repairOf(key)
		r.send(cmd)
		r.expectReply(cmd, schemas.CodeQuarantined)
		next := move(key, moveWhite, 1)
		r.send(next)
		r.expectReply(next, schemas.CodeQuarantined)
	}
}

// A real game has the same row after its repair as before, but for its head.
func TestRepairedGameGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	start := func() (stop func()) {
		p, err := games.New(games.Config{Config: processors.Config{Kafka: r.Config}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		stop = func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			ended <- nil // for the next call
		}
		t.Cleanup(stop)
		eventually.True(t, "the processor to be ready", func() bool { return p.Ready() == nil })
		return stop
	}
	g := groups()[schemas.GameCommands]
	create := g.command(0)
	seats := create.Payload.(*schemas.CreateGamePayload)
	play := func(white bool, uci string) schemas.Command {
		actor := seats.Black.PlayerID
		if white {
			actor = seats.White.PlayerID
		}
		return schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: create.Key, Region: "eu", Actor: actor, Payload: &schemas.PlayMovePayload{UCI: uci}}
	}
	stop := start()
	r.send(create, play(true, "e2e4"), play(false, "e7e5"), play(true, "g1f3"))
	r.waitLog(schemas.GameEvents, 5)
	stop()
	before := r.rows(schemas.GamesTable)[create.Key]
	r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte(create.Key), Value: before[:len(before)-1]})

	start()
	r.send(repairOf(create.Key))
	var after []byte
	eventually.True(t, "a good row", func() bool {
		after = r.rows(schemas.GamesTable)[create.Key]
		return tables.Games().Verify(create.Key, after) == nil
	})
	if string(after[21:]) != string(before[21:]) {
		t.Fatalf("the body is\n%x\nwant\n%x", after[21:], before[21:])
	}
	r.send(play(false, "b8c6"))
	r.waitLog(schemas.GameEvents, 6)
}
