package processors_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/brokertime"
	"tabiya/schemas"
)

func TestTimerSendsItsCommandWhenDue(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	r.send(command(schemas.OfferDraw, "g"))
	events := r.waitLog(schemas.GameEvents, 2)
	set, err := schemas.DecodeEvent(events[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	fired, err := schemas.DecodeEvent(events[1].Value)
	if err != nil {
		t.Fatal(err)
	}
	if d := fired.OccurredAt.Std().Sub(set.OccurredAt.Std()); d < timerAfter || d > timerAfter+5*time.Second {
		t.Fatalf("the timer fired after %s, want %s", d, timerAfter)
	}
	cmd, err := schemas.DecodeCommand(r.log(schemas.GameCommands)[1].Value)
	if err != nil || cmd.Type != schemas.CheckFlag || cmd.ID != schemas.DerivedID("g", "timer", 1) || cmd.Actor != schemas.ActorSystem {
		t.Fatalf("command %+v: %v", cmd, err)
	}
}

func TestTimersOfRecoveredRowsFire(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	row := &counter{head: schemas.Head{Version: 1, Offset: -1}, Deadline: schemas.TimeOf(time.Now())}
	if err := r.producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: counterTable().Encode("g", row)}); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.waitLog(schemas.GameEvents, 1)
}

// The broker's clock may be far from this machine's.
func TestTimersFireByBrokerTime(t *testing.T) {
	for name, skew := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 1)
			r.RequireFake(t)
			brokertime.InstallClock(r.Fake, func() time.Time { return time.Now().Add(skew) })
			due := schemas.TimeOf(time.Now().Add(skew + timerAfter))
			row := &counter{head: schemas.Head{Version: 1, Offset: -1}, Deadline: due}
			if err := r.producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: counterTable().Encode("g", row)}); err != nil {
				t.Fatal(err)
			}
			r.start()
			events := r.waitLog(schemas.GameEvents, 1)
			if at := schemas.TimeOf(events[0].Timestamp); at < due || at > due.Add(5*time.Second) {
				t.Fatalf("the timer fired at %s, want %s", at, due)
			}
		})
	}
}

func TestEvictionTimerWaitsForTheCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	restore := r.HoldCommits(t, schemas.GamesGroup)
	r.send(command(schemas.Resign, "g"), command(schemas.OfferDraw, "h"))
	r.waitLog(schemas.GameEvents, 3) // the timer of h, which was set later, has fired
	for _, rec := range r.log(schemas.GameCommands) {
		if cmd, err := schemas.DecodeCommand(rec.Value); err != nil || cmd.Type == schemas.EvictGame {
			t.Fatalf("%s was sent before the commit: %v", cmd.Type, err)
		}
	}
	restore()
	r.send(command(schemas.DeclineDraw, "x"))
	var last *kgo.Record
	eventually.True(t, "the row's tombstone", func() bool {
		for _, rec := range r.log(schemas.GamesTable) {
			if string(rec.Key) == "g" {
				last = rec
			}
		}
		return last.Value == nil
	})
	if h := headers(last); h["offset"] == "" {
		t.Fatalf("the tombstone has no offset: headers %v", h)
	}
}
