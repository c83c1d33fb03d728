package processors

import (
	"sync"
	"time"

	"tabiya/schemas"
)

// brokerClock estimates broker time: this machine's clock plus the skew learned
// from broker timestamps. A record is observed some time after the broker stamped
// it, so the largest skew of the last windows is the most accurate one.
type brokerClock struct {
	wall func() time.Time

	mu                sync.Mutex
	current, previous time.Duration // largest skew of each window
	windowEnd         time.Time
}

const skewWindow = 30 * time.Second

func newBrokerClock() *brokerClock { return &brokerClock{wall: time.Now} }

// observe learns from a record's broker timestamp.
func (c *brokerClock) observe(stamped schemas.Time) {
	now := c.wall()
	skew := stamped.Std().Sub(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.windowEnd.IsZero():
		c.current, c.previous = skew, skew
	case now.After(c.windowEnd):
		c.previous, c.current = c.current, skew
	default:
		c.current = max(c.current, skew)
		return
	}
	c.windowEnd = now.Add(skewWindow)
}

// now returns the estimated broker time, which is at most a little behind.
func (c *brokerClock) now() schemas.Time {
	c.mu.Lock()
	skew := max(c.current, c.previous)
	c.mu.Unlock()
	return schemas.TimeOf(c.wall().Add(skew))
}
