package held

import (
	"container/heap"
	"sync"
	"time"

	"tabiya/services/livegame/outbox"
)

// evictions are the finished games that are still held, ordered by eviction time.
type evictions struct {
	mu    sync.Mutex
	queue evictionHeap
}

type eviction struct {
	gameID string
	at     time.Time
}

type evictionHeap []eviction

func (q evictionHeap) Len() int           { return len(q) }
func (q evictionHeap) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q evictionHeap) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *evictionHeap) Push(x any)        { *q = append(*q, x.(eviction)) }
func (q *evictionHeap) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (e *evictions) add(gameID string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	heap.Push(&e.queue, eviction{gameID, at})
}

// due removes and returns the games whose eviction time has come, and the earliest of
// the others until at most `most` remain.
func (e *evictions) due(now time.Time, most int) (due []eviction) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.queue) > 0 && (len(e.queue) > most || !now.Before(e.queue[0].at)) {
		due = append(due, heap.Pop(&e.queue).(eviction))
	}
	return due
}

func (g *Games) evictDue(now time.Time) {
	for _, e := range g.evictions.due(now, g.cfg.MaxFinished) {
		if later := g.heldForRematch(e.gameID); later.After(e.at) && !now.Before(e.at) {
			g.evictions.add(e.gameID, later)
			continue
		}
		g.Evict(e.gameID, outbox.GameOver)
	}
}

// heldForRematch returns the time until which a finished game is held because of its
// last rematch event; the zero time if it has none. An answer to that event may still
// come. Each side may offer one rematch, so this is bounded.
func (g *Games) heldForRematch(gameID string) time.Time {
	state := g.State(gameID)
	if state == nil || state.UpdatedAt == state.EndedAt() {
		return time.Time{}
	}
	return state.UpdatedAt.Std().Add(g.cfg.Linger)
}
