package main

import (
	"errors"
	"time"
)

// audience counts the events that the watchers of one game have received. Only the
// poller's goroutine may call received.
type audience struct {
	size int
	// have counts the watchers that have received an event, for the newest events.
	have [maxAhead + 1]int
	// first receives a value when an event has reached one watcher, all when it has
	// reached every watcher.
	first, all chan struct{}
}

// maxAhead is how many events a game may be ahead of its slowest watcher.
const maxAhead = 4

func newAudience(size int) *audience {
	return &audience{size: size, first: make(chan struct{}, maxAhead+1), all: make(chan struct{}, maxAhead+1)}
}

// received records that event number has reached one more watcher.
func (a *audience) received(number int) {
	have := &a.have[number%len(a.have)]
	*have++
	if *have == 1 {
		a.first <- struct{}{}
	}
	if *have == a.size {
		*have = 0
		a.all <- struct{}{}
	}
}

// deliveryTimeout is how long an event or an answer may take.
const deliveryTimeout = 30 * time.Second

func waitFor(c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-time.After(deliveryTimeout):
		return errors.New("an event did not reach its watchers in time")
	}
}
