package archive

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"tabiya/internal/kafka"
)

// A look at the broker: its time, and after that the ends of the partitions. So
// a record that is not before a partition's end was written after that time.
type look struct {
	at   time.Time
	ends kadm.ListedOffsets
	err  error
}

// look asks the broker. It waits for as long as the broker is away.
func (r *run) look(ctx context.Context) {
	var l look
	l.err = r.kafka.Until(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		var err error
		if l.at, err = kafka.BrokerTime(ctx, r.cfg.Kafka, r.producer); err != nil {
			return err
		}
		l.ends, err = r.intake.Ends(ctx)
		return err
	})
	r.looks <- l // there is room: one look at a time
	r.wake()
}

// mayBeIdle guesses whether the open chunk's window is over by the broker's
// clock, to spare the broker the question.
func (l *lane) mayBeIdle(now time.Time, grace time.Duration) bool {
	if l.open == nil || l.paused || l.open.until != 0 {
		return false
	}
	brokerNow := l.open.lastAt + now.Sub(l.open.seen).Milliseconds()
	return brokerNow >= l.open.windowEnd()+grace.Milliseconds()
}

// closeIdle closes the chunks whose window is over and whose partition has
// nothing more: where they end is where the log will end them.
func (r *run) closeIdle(k look) error {
	if k.err != nil {
		if r.ctx.Err() != nil {
			return nil
		}
		return k.err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		end, known := k.ends.Lookup(l.topic, l.partition)
		if l.open == nil || l.paused || l.open.until != 0 || !known || l.position < end.Offset {
			continue
		}
		if k.at.UnixMilli() < l.open.windowEnd()+r.cfg.Grace.Milliseconds() {
			continue
		}
		if err := r.with(l, func() error { _, err := l.seal(endIdle); return err }); err != nil {
			return err
		}
	}
	return nil
}
