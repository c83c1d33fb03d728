package main

import (
	"errors"
	"time"
)

// audience is those who watch one game, and what they have. Its counts belong to
// whoever reads for them.
type audience struct {
	size int
	// have is how many have each of the newest events, by the event's number.
	have [ahead + 1]int
	// first and all tell when an event has come to one watcher, and to all.
	first, all chan struct{}
}

// ahead is how many events a game may be ahead of its last watcher.
const ahead = 4

func newAudience(size int) *audience {
	return &audience{size: size, first: make(chan struct{}, ahead+1), all: make(chan struct{}, ahead+1)}
}

// came counts an event that came to one of them.
func (a *audience) came(number int) {
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

// patience is how long an event may take to its watchers.
const patience = 30 * time.Second

func await(c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-time.After(patience):
		return errors.New("an event has not come to its watchers")
	}
}
