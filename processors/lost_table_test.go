package processors_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// A table that lost its records keeps its id. Beside events it is refused, unless the
// replay of their commands makes the rows.
func TestEmptyTableBesideEventsIsRefused(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		place string
		lost  bool
	}{
		"command committed":             {"0", true},
		"one event without a place":     {"", false},
		"events of two keys without":    {"two", true},
		"command to be handled":         {"1", false},
		"command of a later generation": {fmt.Sprint(schemas.Place(2, 0)), false},
		"event that is not one of ours": {"garbage", false},
		"no event":                      {"none", false},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, 1)
			m := r.start()
			r.send(move("g", moveBlack, 1)) // is refused
			r.waitCommitted(0, 1)
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
			ev := (&counter{History: make([]change, 1)}).event("g", 1)
			ev.CommandID = schemas.NewID()
			rec := &kgo.Record{Topic: schemas.GameEvents, Key: []byte("g"), Value: ev.Record().Value}
			if c.place == "two" {
				r.produce(rec)
				ev := (&counter{History: make([]change, 1)}).event("h", 1)
				ev.CommandID = schemas.NewID()
				rec = &kgo.Record{Topic: schemas.GameEvents, Key: []byte("h"), Value: ev.Record().Value}
			}
			switch c.place {
			case "garbage":
				rec.Value = []byte("garbage")
			case "none":
				rec = nil
			case "", "two":
			default:
				rec.Headers = []kgo.RecordHeader{{Key: schemas.HeaderPlace, Value: []byte(c.place)}}
			}
			if rec != nil {
				r.produce(rec)
			}
			m = r.startUnready()
			if c.lost {
				m.wantMismatch("games-table/0 is empty, but game-events/0 has events", "tabiya rebuild tables game")
			} else {
				m.waitReady()
			}
		})
	}
}

// The header survives a crash that loses everything but the commands.
func TestEventsCarryThePlaceOfTheirCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	r.send(move("g", moveBlack, 1), move("g", moveWhite, 2), move("g", moveBlack, 3))
	for i, rec := range r.waitLog(schemas.GameEvents, 2) {
		if got := headers(rec)[schemas.HeaderPlace]; got != fmt.Sprint(i+1) {
			t.Errorf("event %d has the place %q, want %d", i, got, i+1)
		}
	}
}

// A command of another aggregate is no command of this topic.
func TestCommandOnAnotherAggregatesTopicIsADeadLetter(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	key := schemas.NewID()
	stray := schemas.Command{ID: schemas.NewID(), Type: schemas.LeaveQueue, Key: key, Region: "eu", Actor: key}
	r.produce(&kgo.Record{Topic: schemas.GameCommands, Key: []byte(key), Value: stray.Record().Value})
	dead := r.waitLog(schemas.DeadLetter(schemas.GameCommands), 1)
	if reason := headers(dead[0])[schemas.HeaderReason]; reason != "LeaveQueue is a command of player-commands" {
		t.Errorf("the reason is %q", reason)
	}
}
