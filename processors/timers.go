package processors

import (
	"container/heap"
	"context"
	"math"
	"sync"
	"time"

	"tabiya/schemas"
)

// noHold lets a timer fire whatever is committed.
const noHold = int64(math.MinInt64)

// A timer that has fired waits for its row to change; until then it fires again
// after firstRetry, then twice as long, up to mostRetry.
const (
	firstRetry = 100 * time.Millisecond
	mostRetry  = 10 * time.Second
	// holdRetry is how often a held timer looks at what is committed.
	holdRetry = time.Second
	// mostSleep bounds a wait, as what is known of the broker's clock may change.
	mostSleep = time.Second
)

// wheel holds the timers of a partition, one a row at most. When a timer is due
// its command is sent like any other; the Core judges it against the row, so
// one that is early, late or sent twice does no harm.
type wheel struct {
	now       func() schemas.Time
	send      func(schemas.Message, func(error))
	committed func() int64

	mu     sync.Mutex
	timers map[string]*timer
	queue  timerQueue
	wake   chan struct{}
}

type timer struct {
	key   string
	at    schemas.Time
	cmd   func() schemas.Command
	hold  int64 // fires only once this offset is committed
	tries int
	index int // in the queue
}

func newWheel(now func() schemas.Time, send func(schemas.Message, func(error)), committed func() int64) *wheel {
	return &wheel{now: now, send: send, committed: committed, timers: make(map[string]*timer), wake: make(chan struct{}, 1)}
}

// set makes cmd the row's timer, instead of the one it had.
func (w *wheel) set(key string, at schemas.Time, cmd func() schemas.Command, hold int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.timers[key]
	if !ok {
		t = &timer{key: key}
		w.timers[key] = t
	}
	t.at, t.cmd, t.hold, t.tries = at, cmd, hold, 0
	if ok {
		heap.Fix(&w.queue, t.index)
	} else {
		heap.Push(&w.queue, t)
	}
	if t.index == 0 {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// remove drops the row's timer.
func (w *wheel) remove(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, ok := w.timers[key]; ok {
		heap.Remove(&w.queue, t.index)
		delete(w.timers, key)
	}
}

// run fires timers until ctx is done.
func (w *wheel) run(ctx context.Context) {
	sleep := time.NewTimer(0)
	defer sleep.Stop()
	for {
		due, next := w.due()
		for _, cmd := range due {
			w.send(cmd, nil) // one that is lost is sent again
		}
		sleep.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-sleep.C:
		}
	}
}

// due takes the commands whose time has come, and tells when to look again.
func (w *wheel) due() (due []schemas.Command, next time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, committed := w.now(), w.committed()
	for len(w.queue) > 0 {
		t := w.queue[0]
		if t.at > now {
			// In milliseconds first: a far time would not fit a Duration.
			return due, time.Duration(min(t.at-now, schemas.Time(mostSleep.Milliseconds()))) * time.Millisecond
		}
		if t.hold >= committed {
			t.at = now.Add(holdRetry)
		} else {
			due = append(due, t.cmd())
			t.at = now.Add(min(mostRetry, firstRetry<<min(t.tries, 10)))
			t.tries++
		}
		heap.Fix(&w.queue, 0)
	}
	return due, mostSleep
}

// held reports whether a timer waits for a commit.
func (w *wheel) held() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, committed := w.now().Add(holdRetry), w.committed()
	for _, t := range w.queue {
		if t.hold != noHold && t.hold >= committed && t.at <= now {
			return true
		}
	}
	return false
}

// timerQueue is a heap by time.
type timerQueue []*timer

func (q timerQueue) Len() int           { return len(q) }
func (q timerQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q timerQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *timerQueue) Push(x any) {
	t := x.(*timer)
	t.index = len(*q)
	*q = append(*q, t)
}

func (q *timerQueue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return t
}
