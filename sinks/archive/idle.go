package archive

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"tabiya/internal/kafka"
)

// The broker is asked for its time only while an open chunk's partition is idle:
// at first, then when the window must be over by what is known of the broker's
// clock, and now and then in case that has jumped.
const (
	idleAfter = time.Second // without a record
	askAgain  = time.Second // at the soonest
)

// look is the broker's time, and after that the ends of the partitions. So a
// record that is not before a partition's end was written after that time.
type look struct {
	at   time.Time
	ends kadm.ListedOffsets
	err  error
}

// looks keeps what is known of the broker's clock.
type looks struct {
	answers chan look // holds one
	asked   bool      // and not answered yet
	last    time.Time // when it was asked or answered last; zero: never
	broker  time.Time // what it said then
}

// due reports whether to ask, given when an idle chunk's window ends.
func (k *looks) due(now, windowEnd time.Time, doubt time.Duration) bool {
	if k.asked || now.Sub(k.last) < askAgain {
		return false
	}
	since := now.Sub(k.last)
	return k.broker.IsZero() || since > doubt || !k.broker.Add(since).Before(windowEnd)
}

// lookIfIdle asks the broker if a chunk may have to be closed. It holds the lock.
func (r *run) lookIfIdle(ctx context.Context) {
	now := time.Now()
	for _, l := range r.lanes {
		if !l.idle() || now.Sub(l.open.seen) < idleAfter {
			continue
		}
		if r.looks.due(now, time.UnixMilli(l.open.windowEnd()).Add(r.cfg.Grace), r.cfg.doubt) {
			r.looks.asked, r.looks.last = true, now
			r.archiving.Go(func() { r.look(ctx) })
			return
		}
	}
}

// look asks the broker. It waits for as long as the broker is away.
func (r *run) look(ctx context.Context) {
	var l look
	l.err = r.kafka.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		var err error
		if l.at, err = kafka.BrokerTime(ctx, r.cfg.Kafka, r.producer); err != nil {
			return err
		}
		l.ends, err = r.intake.Ends(ctx)
		return err
	})
	r.looks.answers <- l // there is room: one look at a time
	r.wake()
}

// idle reports whether the lane's open chunk ends by time alone.
func (l *lane) idle() bool { return l.open != nil && !l.paused && l.open.until == 0 }

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
	r.looks.asked, r.looks.last, r.looks.broker = false, time.Now(), k.at
	defer r.cfg.hooks.looked()
	for _, l := range r.lanes {
		if !l.idle() {
			continue
		}
		end, known := k.ends.Lookup(l.topic, l.partition)
		over := k.at.UnixMilli() >= l.open.windowEnd()+r.cfg.Grace.Milliseconds()
		if !known || l.position < end.Offset || !over {
			continue
		}
		if err := r.with(l, func() error { _, err := l.seal(endIdle); return err }); err != nil {
			return err
		}
	}
	return nil
}
