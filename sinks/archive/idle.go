package archive

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"tabiya/internal/kafka"
)

// The broker's clock is read only while an open chunk's partition is idle. It is
// read once, again when the estimate says that the window is over, and at least every
// recheckAfter, in case the clock has jumped.
const (
	idleAfter     = time.Second // without a record
	checkInterval = time.Second // at least
)

// brokerState is the broker's clock, and the partitions' ends as they were after
// that clock was read. So a record beyond a partition's end was written later.
type brokerState struct {
	time time.Time
	ends kadm.ListedOffsets
	err  error
}

// idleCheck schedules readings of the broker's state. loop alone uses its fields.
type idleCheck struct {
	results    chan brokerState // capacity 1
	running    bool
	last       time.Time // when a check last started or ended; zero: never
	brokerTime time.Time // as of last
}

// due reports whether to check now for a chunk whose window ends at windowEnd.
// The broker's clock is extrapolated from the last check for at most recheckAfter.
func (c *idleCheck) due(now, windowEnd time.Time, recheckAfter time.Duration) bool {
	if c.running || now.Sub(c.last) < checkInterval {
		return false
	}
	since := now.Sub(c.last)
	return c.brokerTime.IsZero() || since > recheckAfter || !c.brokerTime.Add(since).Before(windowEnd)
}

// startIdleCheck reads the broker's state in the background if an idle chunk may be
// due.
func (r *run) startIdleCheck(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, w := range r.writers {
		if !w.endsByTime() || now.Sub(w.open.lastAppend) < idleAfter {
			continue
		}
		if r.idle.due(now, time.UnixMilli(w.open.windowEnd()).Add(r.cfg.Grace), r.cfg.recheckAfter) {
			r.idle.running, r.idle.last = true, now
			r.background.Go(func() {
				r.idle.results <- r.readBrokerState(ctx) // has room: one check at a time
				r.wake()
			})
			return
		}
	}
}

// readBrokerState waits for as long as Kafka is unavailable.
func (r *run) readBrokerState(ctx context.Context) (state brokerState) {
	state.err = r.kafka.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		var err error
		if state.time, err = kafka.BrokerTime(ctx, r.cfg.Kafka, r.producer); err != nil {
			return err
		}
		state.ends, err = r.consumer.EndOffsets(ctx)
		return err
	})
	return state
}

// sealIdleChunks seals the chunks whose window is over and whose partition has no
// more records. They end where the log will end them.
func (r *run) sealIdleChunks(state brokerState) error {
	if state.err != nil {
		if r.ctx.Err() != nil {
			return nil
		}
		return state.err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle.running, r.idle.last, r.idle.brokerTime = false, time.Now(), state.time
	defer r.cfg.hooks.idleChecked()
	for _, w := range r.writers {
		if !w.endsByTime() {
			continue
		}
		end, known := state.ends.Lookup(w.topic, w.partition)
		over := state.time.UnixMilli() >= w.open.windowEnd()+r.cfg.Grace.Milliseconds()
		if !known || w.nextOffset < end.Offset || !over {
			continue
		}
		if err := r.update(w, func() error { _, err := w.seal(endIdle); return err }); err != nil {
			return err
		}
	}
	return nil
}
