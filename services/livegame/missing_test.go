package livegame_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
	"tabiya/schemas"
	"tabiya/tables"
)

// story is a game as a processor would write it. states[n] is the game after events[:n].
type story struct {
	id     string
	states []*game.State
	events []schemas.Event
}

func (r *rig) story(moves ...string) *story {
	r.t.Helper()
	s := &story{id: schemas.NewID(), states: []*game.State{nil}}
	at := schemas.TimeOf(time.Now())
	send := func(cmd schemas.Command) {
		cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), s.id, "eu"
		before := s.states[len(s.states)-1]
		_, events, refusal := game.Decide(before, cmd, at)
		if refusal != nil {
			r.t.Fatal(refusal.Detail)
		}
		for _, ev := range events {
			next, err := game.Apply(s.states[len(s.states)-1], ev)
			if err != nil {
				r.t.Fatal(err)
			}
			s.states, s.events = append(s.states, next), append(s.events, ev)
		}
	}
	send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: r.white.id, Handle: "White"}, Black: schemas.Seated{PlayerID: r.black.id, Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 60000},
	}})
	for n, uci := range moves {
		send(schemas.Command{Type: schemas.PlayMove, Actor: r.mover(n).id, Payload: &schemas.PlayMovePayload{UCI: uci}})
	}
	return s
}

// values returns the events as they are in the log.
func (s *story) values() (all []string) {
	for _, ev := range s.events {
		all = append(all, string(ev.Record().Value))
	}
	return all
}

// write writes the events with these seqs to the log.
func (r *rig) write(s *story, seqs ...int) {
	r.t.Helper()
	for _, seq := range seqs {
		if err := r.producer.Send(r.t.Context(), s.events[seq-1]); err != nil {
			r.t.Fatal(err)
		}
	}
}

// row writes the game's row after event seq; 0 deletes the row.
func (r *rig) row(s *story, seq int) {
	r.t.Helper()
	rec := &kgo.Record{Topic: schemas.GamesTable, Key: []byte(s.id)}
	if seq > 0 {
		rec.Value = tables.Games().Encode(s.states[seq].ID, s.states[seq].Stamped(int64(seq), int64(seq)))
	}
	if err := r.producer.SendRecords(r.t.Context(), rec); err != nil {
		r.t.Fatal(err)
	}
}

func to(n int) (seqs []int) {
	for seq := range n {
		seqs = append(seqs, seq+1)
	}
	return seqs
}

// A killed processor can leave a row without its event, or an event without its row.
func TestStartWithRowsAndEventsThatDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		row          int // the row's seq; 0 if there is no row
		events, late int // the number of events in the log at the start, and at the end
	}{
		{"the row has the last event of the log", 6, 6, 10},
		{"the row is behind the log", 4, 7, 10},
		{"there is no row yet", 0, 5, 10},
		{"the log is behind the row", 6, 4, 10},
		{"the game is over", 10, 10, 10},
		{"there is no row and no event yet", 0, 0, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := bareRig(t)
			s := r.story(scholar...)
			r.write(s, to(c.events)...)
			if c.row > 0 {
				r.row(s, c.row)
			}
			r.instance = r.startOther()
			known := max(c.row, c.events)
			if known > 0 {
				if got := r.ok("GET", "/v1/games/"+s.id, "", ""); got.Seq != int64(known) {
					t.Fatalf("at seq %d, not %d", got.Seq, known)
				}
			} else {
				r.write(s, 1)
				c.events = 1
			}
			stream := r.openStream("/v1/games/"+s.id+"/events", "*/*")
			r.write(s, to(c.late)[c.events:]...)
			if got := lines(t, stream.Body); !slices.Equal(got, s.values()) {
				t.Errorf("%d events of %d", len(got), len(s.events))
			}
		})
	}
}

// A processor that cannot write a row waits without a limit, while others of the partition
// go on: their events may be minutes later. The command is not committed meanwhile.
func TestStartReadsTheEventsOfAllUnfinishedCommands(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.RequireFake(t) // its clock is set
	var passed atomic.Int64
	began := time.Now().Add(-time.Hour)
	brokertime.InstallClock(r.Fake, func() time.Time { return began.Add(time.Duration(passed.Load())) })
	s := r.story(scholar...)
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	command := kafka.Record(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: s.id, Region: "eu", Actor: r.white.id}.Record())
	if err := r.producer.SendRecords(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	var commit kadm.Offsets
	commit.AddOffset(command.Topic, command.Partition, command.Offset, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(t.Context(), schemas.GamesGroup, commit); err != nil {
		t.Fatal(err)
	}
	r.row(s, 4)
	r.write(s, to(6)...)
	passed.Add(int64(10 * time.Minute))
	later := r.story(scholar...)
	for kafka.PartitionOf(later.id, 3) != command.Partition {
		later = r.story(scholar...)
	}
	r.write(later, 1, 2)
	r.instance = r.startOther()
	if got := r.ok("GET", "/v1/games/"+s.id, "", ""); got.Seq != 6 {
		t.Errorf("at seq %d, want 6", got.Seq)
	}
}

// What was not committed may be deleted: nobody decides it any more.
func TestStartPassesCommandsThatWereDeleted(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	s := r.story(scholar...)
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	command := kafka.Record(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: s.id, Region: "eu", Actor: r.white.id}.Record())
	if err := r.producer.SendRecords(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	adm := kadm.NewClient(client)
	var commit, end kadm.Offsets
	commit.AddOffset(command.Topic, command.Partition, command.Offset, -1)
	end.AddOffset(command.Topic, command.Partition, command.Offset+1, -1)
	if err := adm.CommitAllOffsets(t.Context(), schemas.GamesGroup, commit); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.DeleteRecords(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	r.row(s, 4)
	r.write(s, to(4)...)
	r.instance = r.startOther()
	if got := r.ok("GET", "/v1/games/"+s.id, "", ""); got.Seq != 4 {
		t.Errorf("at seq %d, want 4", got.Seq)
	}
}

func TestRepeatedEventsAreSentOnce(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.instance = r.startOther()
	s := r.story(scholar...)
	r.write(s, 1, 2, 3, 2, 3, 1, 4, 4)
	stream := r.openStream("/v1/games/"+s.id+"/events", "*/*")
	r.write(s, 3, 4, 5, 5, 6, 7, 6, 7, 8, 9, 10, 10)
	if got := lines(t, stream.Body); !slices.Equal(got, s.values()) {
		t.Errorf("%d events of %d", len(got), len(s.events))
	}
}

func TestGapIsFilledFromTheRow(t *testing.T) {
	t.Parallel()
	for _, rowLater := range []bool{false, true} {
		t.Run(fmt.Sprint("the row comes later: ", rowLater), func(t *testing.T) {
			t.Parallel()
			r := bareRig(t)
			r.instance = r.startOther(rereadSoon)
			s := r.story(scholar...)
			r.write(s, 1, 2, 3)
			stream := r.openStream("/v1/games/"+s.id+"/events", "*/*")
			c := r.dial(s.id, "?from_seq=1")
			c.until("state")
			if !rowLater {
				r.row(s, 5)
			}
			r.write(s, 5, 6) // 4 was lost
			if rowLater {
				r.row(s, 4)
			}
			want := s.values()
			if got := c.events(6); !slices.Equal(got, want[:6]) {
				t.Errorf("the socket: %d events", len(got))
			}
			r.write(s, 7, 8, 9, 10)
			if got := lines(t, stream.Body); !slices.Equal(got, want) {
				t.Errorf("the stream: %d events of %d", len(got), len(want))
			}
		})
	}
}

func TestGameWithAMissingEventIsEvicted(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.instance = r.startOther(rereadSoon)
	s := r.story(scholar...)
	r.write(s, 1, 2, 3)
	c := r.dial(s.id, "")
	c.until("state")
	r.row(s, 3)
	r.row(s, 0) // a tombstone
	r.write(s, 5)
	if code := c.closed(); code != websocket.StatusTryAgainLater {
		t.Errorf("closed with %v", code)
	}
	r.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+s.id, "", "")
}

func TestUndecodableRecordsAreSkipped(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.instance = r.startOther()
	s := r.story(scholar...)
	r.write(s, 1, 2)
	for _, topic := range []string{schemas.GameEvents, schemas.CommandReplies, schemas.GamesTable} {
		if err := r.producer.SendRecords(t.Context(), &kgo.Record{Topic: topic, Key: []byte(s.id), Value: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	r.write(s, 3)
	eventually.True(t, "the next event is folded", func() bool { return r.ok("GET", "/v1/games/"+s.id, "", "").Seq == 3 })
	later := r.startOther()
	if got := later.ok("GET", "/v1/games/"+s.id, "", ""); got.Seq != 3 {
		t.Errorf("%+v", got)
	}
	// Of all readers of replies, this service sends undecodable ones to the dead letters.
	eventually.True(t, "the reply is a dead letter", func() bool {
		n := 0
		if err := kafka.ReadAll(t.Context(), r.Config, schemas.DeadLetter(schemas.CommandReplies), func(rec *kgo.Record) error {
			source := fmt.Sprintf("%s/%d/0", schemas.CommandReplies, kafka.PartitionOf(s.id, 3))
			if len(rec.Headers) != 2 || len(rec.Headers[0].Value) == 0 || string(rec.Headers[1].Value) != source || string(rec.Value) != "{}" {
				t.Errorf("%v, not of %s", rec, source)
			}
			n++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n >= 2 // by the first instance, and by the one that started later
	})
}

// An instance starts from the good row of a game and its events, whatever rows lie
// behind the good one.
func TestStartIgnoresPoisonRows(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	s, other := r.story(scholar...), r.story(scholar[:2]...)
	r.write(s, 5, 6) // the events before are not read at a start
	r.row(s, 4)
	poison := func(value []byte) *kgo.Record {
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte(s.id), Value: value}
	}
	row := tables.Games().Encode(s.id, s.states[10].Stamped(10, 10)) // the game is over in it
	if err := r.producer.SendRecords(t.Context(),
		poison([]byte("\x00\xff garbage")),
		poison(row[:len(row)/2]),
		poison(append(slices.Clone(row[:21]), "garbage"...)),
		poison(tables.Games().Encode(other.id, other.states[3].Stamped(20, 20))),
	); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(append(r.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	wrong := (kafka.PartitionOf(s.id, 3) + 1) % 3
	for _, misplaced := range []*kgo.Record{poison(row), poison(nil)} {
		misplaced.Partition = wrong
		if err := client.ProduceSync(t.Context(), misplaced).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	r.instance = r.startOther()
	if got := r.ok("GET", "/v1/games/"+s.id, "", ""); got.Seq != 6 {
		t.Fatalf("the game is at event %d, want 6", got.Seq)
	}
}

// A repeated command of an evicted game is answered from the memory of finished games, or
// from the game's row, which is read once.
func TestRepeatAfterEvictionIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t, lingering(100*time.Millisecond))
	id := r.newGame()
	r.play(id, 0, "e2e4")
	first := r.do("POST", "/v1/games/"+id+"/resign", r.white.token, "", "Idempotency-Key", "r1")
	eventually.True(t, "the game is evicted", func() bool { return r.do("GET", "/v1/games/"+id, "", "").status == 404 })
	for read := range 2 {
		before := r.service.Rereads()
		for range 3 {
			again := r.do("POST", "/v1/games/"+id+"/resign", r.white.token, "", "Idempotency-Key", "r1")
			if again.status != 200 || string(again.body) != string(first.body) {
				t.Errorf("first %s\nthen  %d %s", first.body, again.status, again.body)
			}
			eventually.True(t, "the game is evicted again", func() bool { return r.do("GET", "/v1/games/"+id, "", "").status == 404 })
		}
		if n := r.service.Rereads() - before; n != float64(read) {
			t.Errorf("the table was read %v times, not %d", n, read)
		}
		r.service.ForgetFinished()
	}
}

func TestSocketClosesAWhileAfterTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, lingering(100*time.Millisecond))
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	c.send(`{"type":"abort"}`)
	c.until("ack")
	if code := c.closed(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
}
