package test

import (
	"context"
	"slices"
	"sync"
	"time"
)

// chaosProgress knows the games that are being played and when their moves were answered.
type chaosProgress struct {
	mu       sync.Mutex
	live     map[string]bool
	watches  map[*chaosWatch]bool
	answered []time.Duration // how long each accepted move took
}

// chaosWatch waits until each game that was live at a fault has an accepted move.
type chaosWatch struct {
	progress *chaosProgress
	began    time.Time
	waiting  map[string]bool
	took     time.Duration // until the last of the games that moved
	done     chan struct{}
}

func newChaosProgress() *chaosProgress {
	return &chaosProgress{live: map[string]bool{}, watches: map[*chaosWatch]bool{}}
}

// started adds a game.
func (p *chaosProgress) started(gameID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[gameID] = true
}

// waitForGames waits until so many games are live, for at most limit.
func (p *chaosProgress) waitForGames(count int, limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		p.mu.Lock()
		live := len(p.live)
		p.mu.Unlock()
		if live >= count {
			return
		}
	}
}

// accepted notes an accepted move that its client waited for.
func (p *chaosProgress) accepted(gameID string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = append(p.answered, took)
	for w := range p.watches {
		if w.waiting[gameID] {
			w.took = time.Since(w.began)
			w.remove(gameID)
		}
	}
}

// ended removes a game.
func (p *chaosProgress) ended(gameID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, gameID)
	for w := range p.watches {
		w.remove(gameID)
	}
}

// watch starts to watch the live games.
func (p *chaosProgress) watch() *chaosWatch {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &chaosWatch{progress: p, began: time.Now(), waiting: map[string]bool{}, done: make(chan struct{})}
	for id := range p.live {
		w.waiting[id] = true
	}
	p.watches[w] = true
	w.finish()
	return w
}

func (w *chaosWatch) remove(gameID string) {
	delete(w.waiting, gameID)
	w.finish()
}

func (w *chaosWatch) finish() {
	if len(w.waiting) == 0 && w.progress.watches[w] {
		delete(w.progress.watches, w)
		close(w.done)
	}
}

// wait waits until all games have moved or ended. It returns how long that took from the
// watch's start, and the games that have not.
func (w *chaosWatch) wait(ctx context.Context, limit time.Duration) (time.Duration, []string) {
	select {
	case <-w.done:
	case <-ctx.Done():
	case <-time.After(limit):
	}
	w.progress.mu.Lock()
	defer w.progress.mu.Unlock()
	delete(w.progress.watches, w)
	var stuck []string
	for id := range w.waiting {
		stuck = append(stuck, id)
	}
	slices.Sort(stuck)
	return w.took, stuck
}
