package check

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Event is an event with its place and its bytes in the log.
type Event struct {
	Topic     string
	Partition int32
	Offset    int64
	Value     string
	Body      string // the payload, as it is in Value
	schemas.Event
}

// Log is every event of every events topic, in the order of each partition.
type Log []Event

// ReadLog reads the events topics to their present ends.
func ReadLog(ctx context.Context, cfg kafka.Config) (Log, error) {
	var log Log
	for _, topic := range []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents} {
		err := kafka.ReadAll(ctx, cfg, topic, func(r *kgo.Record) error {
			ev, payload, err := schemas.DecodeEventAndPayload(r.Value)
			if err != nil {
				return fmt.Errorf("%s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err)
			}
			log = append(log, Event{r.Topic, r.Partition, r.Offset, string(r.Value), payload, ev})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
	}
	return log, nil
}

// Order verifies that the events of each aggregate are numbered from 1 without gaps or
// repeats, stand on one partition, have the right ids, and that nothing but a rematch
// follows the end of a game.
func (l Log) Order() []Finding {
	type aggregate struct {
		seq       int64
		partition int32
		ended     bool
	}
	f, seen := findings{check: "order"}, map[string]*aggregate{}
	for _, r := range l {
		at := r.Topic + " " + r.Key
		a := seen[at]
		if a == nil {
			a = &aggregate{partition: r.Partition}
			seen[at] = a
		}
		if r.Seq != a.seq+1 {
			f.addf("%s: %s has seq %d after %d", at, r.Type, r.Seq, a.seq)
		}
		if r.Partition != a.partition {
			f.addf("%s: seq %d is on partition %d, earlier events on %d", at, r.Seq, r.Partition, a.partition)
		}
		if a.ended && !r.Type.CarriesRow() || a.ended && r.Type.Terminal() {
			f.addf("%s: %s after the end of the game", at, r.Type)
		}
		if want := schemas.EventID(r.Key, r.Seq); r.ID != want {
			f.addf("%s seq %d has the id %s, not %s", at, r.Seq, r.ID, want)
		}
		a.seq, a.ended = r.Seq, a.ended || r.Type.Terminal()
	}
	return f.list()
}

// Over returns the terminal events by game.
func (l Log) Over() map[string]Event {
	games := map[string]Event{}
	for _, r := range l {
		if r.Type.Terminal() {
			games[r.Key] = r
		}
	}
	return games
}
