package processors

import (
	"sync"
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
