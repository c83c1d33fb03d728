package finished

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
	"tabiya/tables"
)

// always is a history that has every game, without rows.
type always struct{}

func (always) Played(context.Context, string) (time.Time, []byte, bool, error) {
	return time.Now(), nil, true, nil
}

// endedBy returns a game that ends with these commands, and its events.
func endedBy(t *testing.T, ending ...schemas.Command) (s *game.State, events []schemas.Event) {
	t.Helper()
	send := func(cmd schemas.Command) {
		cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), "0190b3a1-0000-7000-8000-000000000001", "eu"
		next, more, refusal := game.Decide(s, cmd, 1000)
		if refusal != nil {
			t.Fatal(refusal.Detail)
		}
		s, events = next, append(events, more...)
	}
	send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w"}, Black: schemas.Seated{PlayerID: "b"}, TimeControl: schemas.TimeControl{InitialCs: 60000},
	}})
	for _, cmd := range ending {
		send(cmd)
	}
	return s, events
}

// byRow is a history that has every game's row.
type byRow []byte

func (row byRow) Played(context.Context, string) (time.Time, []byte, bool, error) {
	return time.Now(), row, true, nil
}

func TestSettledGameIsReadFromItsRow(t *testing.T) {
	t.Parallel()
	state, events := endedBy(t, schemas.Command{Type: schemas.AbortGame, Actor: "w"})
	b := newGames(byRow(tables.Games().Encode(state.ID, state)), func(context.Context, string, time.Time) (logged, error) {
		t.Error("the log was read")
		return logged{}, nil
	})
	for range 2 { // first from history, then from memory
		got, err := b.Find(t.Context(), state.ID)
		if err != nil || got == nil {
			t.Fatal(got, err)
		}
		for i, ev := range got.Events(1) {
			if string(ev.Record().Value) != string(events[i].Record().Value) {
				t.Errorf("event %d: %s", i+1, ev.Record().Value)
			}
		}
	}
}

func TestFinishedGamesAreReadOneAtATimeAndOnce(t *testing.T) {
	t.Parallel()
	state, _ := endedBy(t, schemas.Command{Type: schemas.AbortGame, Actor: "w"})
	var (
		mu            sync.Mutex
		reading, most int
		reads         = map[string]int{}
		entered       = make(chan struct{}, 100)
		goOn          = make(chan struct{})
	)
	b := newGames(always{}, func(_ context.Context, gameID string, _ time.Time) (logged, error) {
		mu.Lock()
		reading++
		most = max(most, reading)
		reads[gameID]++
		mu.Unlock()
		entered <- struct{}{}
		<-goOn
		mu.Lock()
		reading--
		mu.Unlock()
		s := *state
		s.ID = gameID
		return logged{&s, true}, nil
	})
	var asking sync.WaitGroup
	for n := range maxAwaiting {
		asking.Go(func() {
			if s, err := b.Find(t.Context(), []string{"x", "y"}[n%2]); err != nil || s == nil {
				t.Errorf("%v %v", s, err)
			}
		})
	}
	<-entered
	eventually.True(t, "all requests to wait", func() bool { return b.awaiting.Load() >= maxAwaiting })
	if _, err := b.Find(t.Context(), "z"); !errors.Is(err, errTooMany) {
		t.Errorf("one more: %v", err)
	}
	close(goOn)
	asking.Wait()
	if s, err := b.Find(t.Context(), "x"); err != nil || s.ID != "x" || !s.Over() {
		t.Errorf("again: %+v %v", s, err)
	}
	if most != 1 || reads["x"] != 1 || reads["y"] != 1 || reads["z"] != 0 {
		t.Errorf("%d at a time, %v", most, reads)
	}
}

func TestLogIsReadUntilNoEventCanFollow(t *testing.T) {
	t.Parallel()
	state, events := endedBy(t, schemas.Command{Type: schemas.AbortGame, Actor: "w"})
	began := time.Now()
	record := func(offset int64, at time.Duration, ev schemas.Event) *kgo.Record {
		return &kgo.Record{Key: []byte(ev.Key), Value: ev.Record().Value, Offset: offset, Timestamp: began.Add(at)}
	}
	other := events[0]
	other.Key = schemas.NewID()
	for _, c := range []struct {
		name  string
		then  time.Duration // time from the game's end to the next record
		last  int64         // offset of the partition's last record
		now   time.Duration // time from the game's end to now
		final bool
	}{
		{"a record of another game is much later", afterLast + time.Second, 99, 0, true},
		{"the partition ends a moment after the game", time.Second, 4, time.Second, false},
		{"the game ended long ago, and nothing followed", time.Second, 4, time.Hour, true},
	} {
		p := folder{gameID: state.ID, end: c.last + 1}
		for n, rec := range []*kgo.Record{
			record(0, 0, other), record(1, 0, events[0]), record(2, 0, events[0]), // repeated event
			record(2, 0, events[1]), record(3, 0, events[2]), record(4, c.then, other),
		} {
			if p.done {
				t.Fatalf("%s: done before record %d", c.name, n)
			}
			if err := p.take(rec); err != nil {
				t.Fatal(err)
			}
		}
		got := p.result(began.Add(c.now))
		if !p.done || got.state == nil || got.state.Seq != state.Seq || got.final != c.final {
			t.Errorf("%s: done %t, %+v", c.name, p.done, got)
		}
	}
	gap := folder{gameID: state.ID, end: 10}
	if err := gap.take(record(0, 0, events[1])); err == nil {
		t.Error("no error for a game whose first event is missing")
	}
}

// A transaction ends with a marker, which takes an offset but is no record.
func TestLogThatEndsWithMarkerIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 1)
	state, events := endedBy(t, schemas.Command{Type: schemas.AbortGame, Actor: "w"})
	var records []*kgo.Record
	for _, ev := range events {
		records = append(records, kafka.Record(ev.Record()))
	}
	cluster.Transact(t, kgo.TryCommit, records...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	reader := LogReader{
		Kafka: cluster.Config, Partitions: func() int32 { return 1 }, MaxBytes: 1 << 20, BytesPerSecond: 1 << 20,
		BytesRead: prometheus.NewCounter(prometheus.CounterOpts{Name: "read"}),
	}
	if got, err := reader.read(ctx, state.ID, time.Now().Add(-time.Minute)); err != nil || got.state == nil || got.state.Seq != state.Seq {
		t.Errorf("%+v %v", got, err)
	}
}

// A rematch offer and its answer each extend the time in which another event may come.
func TestLogIsReadThroughRematchEvents(t *testing.T) {
	t.Parallel()
	state, events := endedBy(t, schemas.Command{Type: schemas.Resign, Actor: "w"},
		schemas.Command{Type: schemas.OfferRematch, Actor: "w"}, schemas.Command{Type: schemas.DeclineRematch, Actor: "b"})
	began := time.Now()
	p := folder{gameID: state.ID, end: 100}
	for n, ev := range events {
		at := began
		if late := n - (len(events) - 3); late > 0 { // after the end
			at = began.Add(time.Duration(late) * (afterLast - time.Second))
		}
		if err := p.take(&kgo.Record{Key: []byte(ev.Key), Value: ev.Record().Value, Offset: int64(n), Timestamp: at}); err != nil {
			t.Fatal(err)
		}
	}
	if p.done || p.state == nil || p.state.Seq != state.Seq {
		t.Errorf("done %t, %+v, want seq %d", p.done, p.state, state.Seq)
	}
}
