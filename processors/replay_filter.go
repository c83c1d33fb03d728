package processors

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// maxBrokerSkew is the largest usual difference between two brokers' clocks: an event's
// broker time may be that much earlier than the time of the command that led to it.
const maxBrokerSkew = 10 * time.Second

// replayFilter holds the ids of the events that the previous owner of a partition
// wrote, so that replayed commands do not write them a second time. Commands and
// events have the same partitions, so one short read of one partition finds them, from
// those of the first replayed command to the end. A nil filter is empty.
type replayFilter struct {
	loaded  bool
	ids     map[uuid.UUID]struct{}
	formats map[int64]int // of the events of a command, by its place
}

func newReplayFilter() *replayFilter {
	return &replayFilter{ids: make(map[uuid.UUID]struct{}), formats: make(map[int64]int)}
}

// leastReplayRead is how many events are read at least.
const leastReplayRead = 256

// load reads the ids of all events since the first replayed command, whose place and
// broker time these are. Its time alone does not tell where its events begin: a broker
// whose clock was set may have given either. So load reads on until it meets an event of
// an earlier command.
func (f *replayFilter) load(ctx context.Context, client *kgo.Client, topic string, partition int32, place int64, first time.Time) error {
	for least := int64(leastReplayRead); !f.loaded; least *= 4 {
		clear(f.ids)
		clear(f.formats)
		oldest := int64(-1) // place; of events that do not tell it, none is
		whole, err := kafka.ReadTail(ctx, client, topic, partition, first.Add(-maxBrokerSkew), least, func(r *kgo.Record) error {
			if of, ok := f.add(r); ok && oldest < 0 {
				oldest = of
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the events already written: %w", err)
		}
		f.loaded = whole || oldest < place
	}
	return nil
}

// add adds an event, and returns the place of its command if it tells it. A malformed
// record is skipped: none of our events has its id.
func (f *replayFilter) add(r *kgo.Record) (place int64, ok bool) {
	var envelope struct {
		EventID uuid.UUID `json:"eventId"`
	}
	if json.Unmarshal(r.Value, &envelope) != nil {
		return 0, false
	}
	f.ids[envelope.EventID] = struct{}{}
	place, err := strconv.ParseInt(string(kafka.Header(r, schemas.HeaderPlace)), 10, 64)
	if err != nil {
		return 0, false
	}
	f.formats[place] = schemas.FormatOf(kafka.Header(r, schemas.HeaderFormat))
	return place, true
}

// formatAt returns the format of the events in the log that the command at a place led
// to; ok is false if there are none.
func (f *replayFilter) formatAt(place int64) (format int, ok bool) {
	if f == nil {
		return 0, false
	}
	format, ok = f.formats[place]
	return format, ok
}

// written reports whether the event is in the log already. It is false for an
// empty id, which is that of a message other than an event.
func (f *replayFilter) written(eventID string) bool {
	if f == nil || eventID == "" {
		return false
	}
	id, err := uuid.Parse(eventID)
	if err != nil {
		return false
	}
	_, ok := f.ids[id]
	return ok
}
