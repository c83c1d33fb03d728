package livegame_test

import (
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/services/livegame"
)

func maxConnections(n int) func(*livegame.Config) {
	return func(c *livegame.Config) { c.MaxConnections = n }
}

func messageRate(n int) func(*livegame.Config) {
	return func(c *livegame.Config) { c.MessagesPerSecond = n }
}

// stoppedClock is a clock that moves only by advance. It counts its reads.
type stoppedClock struct{ at, reads atomic.Int64 }

func newStoppedClock() *stoppedClock {
	c := &stoppedClock{}
	c.at.Store(time.Now().UnixNano())
	return c
}

func (c *stoppedClock) now() time.Time {
	c.reads.Add(1)
	return time.Unix(0, c.at.Load())
}

// advance moves the clock and waits until the service has acted on the new time. Each
// round of evictions reads the clock once.
func (c *stoppedClock) advance(t *testing.T, d time.Duration) {
	t.Helper()
	c.at.Add(int64(d))
	read := c.reads.Load()
	eventually.True(t, "the clock is read", func() bool { return c.reads.Load() >= read+3 })
}

func lingering(d time.Duration) func(*livegame.Config) {
	return func(c *livegame.Config) { c.Linger = d }
}

// rereadSoon shortens the wait between two reads of a row.
func rereadSoon(c *livegame.Config) { c.RereadPause = time.Millisecond }
