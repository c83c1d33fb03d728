package livegame

import (
	"container/heap"
	"sync"
	"time"
)

// finished are the games that are over and still held, by when they go.
type finished struct {
	mu    sync.Mutex
	queue byDeparture
}

type departure struct {
	gameID string
	at     time.Time
}

type byDeparture []departure

func (q byDeparture) Len() int           { return len(q) }
func (q byDeparture) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q byDeparture) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byDeparture) Push(x any)        { *q = append(*q, x.(departure)) }
func (q *byDeparture) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// add holds a game until a moment.
func (f *finished) add(gameID string, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	heap.Push(&f.queue, departure{gameID, until})
}

// due takes out the games whose time has come, and the earliest of those that
// are more than most.
func (f *finished) due(now time.Time, most int) (gone []departure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.queue) > 0 && (len(f.queue) > most || !now.Before(f.queue[0].at)) {
		gone = append(gone, heap.Pop(&f.queue).(departure))
	}
	return gone
}
