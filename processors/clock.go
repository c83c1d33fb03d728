package processors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tabiya/schemas"
)

// brokerClock tells broker time as well as this machine can: its own clock plus
// the skew learned from broker timestamps. A record is seen after it was
// stamped, so the largest difference of late is the nearest.
type brokerClock struct {
	wall func() time.Time

	mu           sync.Mutex
	present, old time.Duration // largest differences of this and the last window
	windowEnd    time.Time
}

const skewWindow = 30 * time.Second

func newBrokerClock() *brokerClock { return &brokerClock{wall: time.Now} }

// observe learns from a record that was stamped just now or some time ago.
func (c *brokerClock) observe(stamped schemas.Time) {
	now := c.wall()
	skew := stamped.Std().Sub(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.windowEnd.IsZero():
		c.present, c.old = skew, skew
	case now.After(c.windowEnd):
		c.old, c.present = c.present, skew
	default:
		c.present = max(c.present, skew)
		return
	}
	c.windowEnd = now.Add(skewWindow)
}

// now is broker time, at most a little late.
func (c *brokerClock) now() schemas.Time {
	c.mu.Lock()
	skew := max(c.present, c.old)
	c.mu.Unlock()
	return schemas.TimeOf(c.wall().Add(skew))
}

// errPaused: the process stood still for so long that the group may have given
// its partitions to others. What it holds may be stale, so it must not write.
var errPaused = errors.New("the process stood still for too long to still own its partitions")

// pulse notices that the process stood still, by SIGSTOP or a frozen machine.
type pulse struct {
	limit  time.Duration
	trip   func()
	start  time.Time
	last   atomic.Int64 // nanoseconds since start
	paused atomic.Bool
}

// newPulse calls trip when the process stood still for half a session.
func newPulse(sessionTimeout time.Duration, trip func()) *pulse {
	return &pulse{limit: sessionTimeout / 2, trip: trip, start: time.Now()}
}

func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(p.limit / 20)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = p.check() // it trips by itself
			p.last.Store(int64(time.Since(p.start)))
		}
	}
}

// check returns errPaused, and trips, if the process stood still.
func (p *pulse) check() error {
	if p.paused.Load() || time.Since(p.start)-time.Duration(p.last.Load()) > p.limit {
		if !p.paused.Swap(true) {
			p.trip()
		}
		return errPaused
	}
	return nil
}
