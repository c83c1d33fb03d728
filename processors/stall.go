package processors

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errPaused: the process stood still for so long that the group may have given
// its partitions to others. What it holds may be stale, so it must not write.
var errPaused = errors.New("the process stood still for too long to still own its partitions")

// pulse notices that the process stood still, by SIGSTOP or with its machine.
type pulse struct {
	limit  time.Duration
	trip   func()
	last   atomic.Pointer[time.Time]
	paused atomic.Bool
}

// newPulse calls trip once if the process stands still for half a session.
func newPulse(session time.Duration, trip func()) *pulse {
	p := &pulse{limit: session / 2, trip: trip}
	p.beat()
	return p
}

func (p *pulse) beat() {
	now := time.Now()
	p.last.Store(&now)
}

func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(p.limit / 20)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if p.check() != nil {
			return
		}
		p.beat()
	}
}

// check returns errPaused if the process stood still. A machine that sleeps may
// stop the monotonic clock, so the wall clock is asked too.
func (p *pulse) check() error {
	last, now := *p.last.Load(), time.Now()
	if !p.paused.Load() && now.Sub(last) <= p.limit && now.Round(0).Sub(last.Round(0)) <= p.limit {
		return nil
	}
	if !p.paused.Swap(true) {
		p.trip()
	}
	return errPaused
}
