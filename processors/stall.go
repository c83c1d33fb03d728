package processors

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errStalled means that the process did not run for so long that the group may
// have given its partitions to other members. Its rows may be stale, so it must
// not write them.
var errStalled = errors.New("the process stalled and may have lost its partitions")

// stallDetector notices that the process did not run for a while, because of
// SIGSTOP or because the whole machine was suspended.
type stallDetector struct {
	limit    time.Duration
	onStall  func()
	lastTick atomic.Pointer[time.Time]
	stalled  atomic.Bool
}

// newStallDetector returns a detector that calls onStall once if the process
// stalls for more than half of a group session.
func newStallDetector(session time.Duration, onStall func()) *stallDetector {
	d := &stallDetector{limit: session / 2, onStall: onStall}
	d.tick()
	return d
}

func (d *stallDetector) tick() {
	now := time.Now()
	d.lastTick.Store(&now)
}

// run ticks until ctx is done or the process has stalled.
func (d *stallDetector) run(ctx context.Context) {
	ticker := time.NewTicker(d.limit / 20)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if d.check() != nil {
			return
		}
		d.tick()
	}
}

// check returns errStalled if the process stalled since the session began. It
// compares the wall clock too, because the monotonic clock of a suspended machine
// may stand still.
func (d *stallDetector) check() error {
	last, now := *d.lastTick.Load(), time.Now()
	if !d.stalled.Load() && now.Sub(last) <= d.limit && now.Round(0).Sub(last.Round(0)) <= d.limit {
		return nil
	}
	if !d.stalled.Swap(true) {
		d.onStall()
	}
	return errStalled
}
