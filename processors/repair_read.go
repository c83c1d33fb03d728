package processors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// idSkew is how much later than its first event's broker time an id may have been
// made, by the clock of the machine that made it.
const idSkew = 10 * time.Minute

// errUnusable means that reading again would lead to the same error.
var errUnusable = errors.New("a row cannot be made from the events")

// The pause before a reading that nobody asked for is repeated.
const (
	minReadPause = 500 * time.Millisecond
	maxReadPause = 30 * time.Second
)

// readPatiently is read. The reading for a row that is made again by itself is repeated
// while Kafka has an error: no operator is there to repeat it.
func (p *partition[R]) readPatiently(ctx context.Context, cmd schemas.Command) (read reading[R]) {
	for pause := minReadPause; ; pause = min(2*pause, maxReadPause) {
		read = p.read(ctx, cmd.Key)
		if read.err == nil || cmd.Actor != schemas.ActorSystem || errors.Is(read.err, errUnusable) {
			return read
		}
		if pause == minReadPause {
			p.s.p.logger.Warn("a deleted row is not made again yet, retrying", "key", cmd.Key, "err", read.err)
		}
		select {
		case <-ctx.Done():
			return read
		case <-time.After(pause):
		}
	}
}

// read reads what the row of a key follows from. The events come from the partition of
// the events topic that belongs to this partition: from the time of the key's id if it
// has one, else, or if the first event lies further back, from the beginning. A panic
// becomes an error, because the events are foreign data.
func (p *partition[R]) read(ctx context.Context, key string) (read reading[R]) {
	defer func() {
		if r := recover(); r != nil {
			read.err = fmt.Errorf("%w: apply the events of %q: panic: %v", errUnusable, key, r)
		}
	}()
	core, ok := p.s.p.core.(Rebuilder[R])
	if !ok {
		return reading[R]{err: fmt.Errorf("%w: this table has none", errUnusable)}
	}
	beginning := time.UnixMilli(0)
	if made, ok := schemas.TimeOfID(key); ok && made.After(beginning.Add(idSkew)) {
		read = p.eventsSince(ctx, core, key, made.Add(-idSkew))
	}
	if read.err != nil || read.events == 0 {
		read = p.eventsSince(ctx, core, key, beginning)
	}
	if read.err == nil {
		read.survey, read.err = core.Survey(ctx, p.s.p.cfg.Kafka, key)
	}
	return read
}

// eventsSince applies the events of a key in order of seq, without repeats. It returns
// an error if one is missing: a row without it would take back what players were told.
func (p *partition[R]) eventsSince(ctx context.Context, core Rebuilder[R], key string, from time.Time) (read reading[R]) {
	topic := p.s.p.table.Events
	read.err = kafka.ReadPartition(ctx, p.s.client, topic, p.number, from, func(r *kgo.Record) error {
		if string(r.Key) != key {
			return nil
		}
		ev, err := schemas.DecodeEvent(r.Value)
		next := read.events + 1
		switch {
		case err != nil || ev.Key != key: // not one of our events
		case ev.Seq == next:
			read.events = next
			if read.row, err = core.Apply(read.row, ev); err != nil {
				return fmt.Errorf("%w: apply the event at offset %d of %s/%d: %w", errUnusable, r.Offset, topic, p.number, err)
			}
		case ev.Seq > next:
			return fmt.Errorf("%w: event %d is missing before offset %d of %s/%d", errUnusable, next, r.Offset, topic, p.number)
		}
		return nil //nolint:nilerr // a record that is not an event of the key is passed over
	})
	if read.err != nil {
		read.err = fmt.Errorf("read the events of %q: %w", key, read.err)
	}
	return read
}
