package livegame

import (
	"context"
	"sync"
	"time"

	"tabiya/internal/core/game"
)

// crowdEvery is how often at most a game's watchers are told how many they are.
const crowdEvery = time.Second

// crowd knows the games whose number of spectators has changed since their
// watchers were told. Thousands may come to a game at once, and the follower has
// nothing to do with them.
type crowd struct {
	mu      sync.Mutex
	changed map[*board]struct{}
}

func newCrowd() *crowd { return &crowd{changed: make(map[*board]struct{})} }

func (c *crowd) note(b *board) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed[b] = struct{}{}
}

func (c *crowd) take() map[*board]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.changed) == 0 {
		return nil
	}
	changed := c.changed
	c.changed = make(map[*board]struct{})
	return changed
}

// run tells the watchers until ctx is done.
func (c *crowd) run(ctx context.Context) {
	tick := time.NewTicker(crowdEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var woken []*outbox
		for b := range c.take() {
			b.tellCrowd(&woken)
		}
		wake(woken)
	}
}

// tellCrowd tells those who want to know how many spectators there are, if that
// is not what they were told last.
func (b *board) tellCrowd(woken *[]*outbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spectators == b.told {
		return
	}
	b.told = b.spectators
	i := watchersFrame(b.told)
	for _, w := range b.watchers {
		if w.counts {
			w.box.put(i)
			*woken = append(*woken, w.box)
		}
	}
}

// watch is board.watch for a client: it counts, unless it is one of the players.
// The caller must end it.
func (s *Service) watch(b *board, w watcher) (at *game.State, end func(), ok bool) {
	if at, ok = b.watch(w); !ok {
		return nil, nil, false
	}
	s.crowd.note(b)
	return at, func() {
		b.unwatch(w.box)
		s.crowd.note(b)
	}, true
}
