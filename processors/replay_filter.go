package processors

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// brokersApart bounds how far the clocks of two brokers are apart: an event may
// have an earlier broker time than the command that caused it by so much.
const brokersApart = 10 * time.Second

// fence knows which events of the commands that come again after a crash are in
// the log already, so that none is written a second time. Commands and events
// have the same partitions, so it is one short read of one partition: from the
// first command that comes again to the end. A nil fence lets all pass.
type fence struct {
	filled bool
	known  map[uuid.UUID]struct{}
}

func newFence() *fence { return &fence{known: make(map[uuid.UUID]struct{})} }

// fill reads the events since the command of broker time first.
func (f *fence) fill(ctx context.Context, client *kgo.Client, topic string, partition int32, first time.Time) error {
	err := kafka.ReadPartition(ctx, client, topic, partition, first.Add(-brokersApart), func(r *kgo.Record) error {
		var envelope struct {
			EventID uuid.UUID `json:"eventId"`
		}
		// What is no event is not ours to judge; no event of ours has its id.
		if json.Unmarshal(r.Value, &envelope) == nil {
			f.known[envelope.EventID] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find the events that are in the log: %w", err)
	}
	f.filled = true
	return nil
}

// passes reports whether the message has to be written.
func (f *fence) passes(m outgoing) bool {
	if f == nil || m.eventID == "" {
		return true
	}
	id, err := uuid.Parse(m.eventID)
	if err != nil {
		return true
	}
	_, known := f.known[id]
	return !known
}
