package processors

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"tabiya/schemas"
)

// noCommit is the offset of a timer that waits for no commit.
const noCommit = int64(math.MinInt64)

const (
	// A timer fires again until its row changes, after minRetry, then after twice
	// as long, up to maxRetry.
	minRetry = 100 * time.Millisecond
	maxRetry = 10 * time.Second
	// commitPoll is how often a due timer that waits for a commit is checked.
	commitPoll = time.Second
	// stillPoll is how often timers check whether the clocks run again.
	stillPoll = 250 * time.Millisecond
	// maxSleep bounds a wait, because the estimate of broker time may change.
	maxSleep = time.Second
)

// timers holds the timers of a partition, at most one for each row. A timer that
// is due sends its command to the commands topic like any other. The Core decides
// it against the row, so a timer that fires early, late or twice does no harm.
type timers struct {
	now       func() schemas.Time
	send      func(schemas.Message, func(error))
	committed func() int64
	// standStill, if set, reports whether no timer may fire, because what it would
	// decide waits until the clocks run again.
	standStill func(now schemas.Time) bool
	// panicked is told of a key whose command cannot be made. Its timer is removed.
	panicked func(key string, err error)

	mu    sync.Mutex
	byKey map[string]*timer
	extra []*timer // whose commands are to be sent once, beside the timers
	heap  timerHeap
	wake  chan struct{} // the first timer has changed
}

type timer struct {
	key     string
	at      schemas.Time // next time it fires
	cmd     func() schemas.Command
	waitFor int64 // offset that must be committed before it fires
	tries   int
	index   int // in the heap
}

func newTimers(now func() schemas.Time, send func(schemas.Message, func(error)), committed func() int64) *timers {
	return &timers{now: now, send: send, committed: committed, byKey: make(map[string]*timer), wake: make(chan struct{}, 1)}
}

// set sets the row's timer and replaces the one before.
func (ts *timers) set(key string, at schemas.Time, cmd func() schemas.Command, waitFor int64) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, ok := ts.byKey[key]
	if !ok {
		t = &timer{key: key}
		ts.byKey[key] = t
	}
	t.at, t.cmd, t.waitFor, t.tries = at, cmd, waitFor, 0
	if ok {
		heap.Fix(&ts.heap, t.index)
	} else {
		heap.Push(&ts.heap, t)
	}
	if t.index == 0 {
		select {
		case ts.wake <- struct{}{}:
		default:
		}
	}
}

// sendAll sends the command of each timer that waits for no commit once more, early.
func (ts *timers) sendAll() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.extra = ts.extra[:0]
	for _, t := range ts.heap {
		if t.waitFor == noCommit {
			ts.extra = append(ts.extra, t)
		}
	}
}

// remove removes the row's timer.
func (ts *timers) remove(key string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t, ok := ts.byKey[key]; ok {
		heap.Remove(&ts.heap, t.index)
		delete(ts.byKey, key)
	}
}

// run fires timers until ctx is done.
func (ts *timers) run(ctx context.Context) {
	sleep := time.NewTimer(0)
	defer sleep.Stop()
	for {
		due, failed, next := ts.due()
		for key, err := range failed {
			ts.panicked(key, err)
		}
		for _, cmd := range due {
			ts.send(cmd, nil) // a lost command is sent again by the next retry
		}
		sleep.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-ts.wake:
		case <-sleep.C:
		}
	}
}

// command makes the timer's command. A panic becomes an error, as one row must not end
// the process.
func (t *timer) command() (cmd schemas.Command, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("make the command of the timer of row %q: panic: %v", t.key, r)
		}
	}()
	return t.cmd(), nil
}

// due returns the commands of the timers that are due, and how long to wait until
// the next call. Each of these timers is set to its next retry. failed are the timers,
// by key, that were removed because their command cannot be made.
func (ts *timers) due() (due []schemas.Command, failed map[string]error, next time.Duration) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now, committed := ts.now(), ts.committed()
	if ts.standStill != nil && ts.standStill(now) {
		return nil, nil, stillPoll
	}
	for _, t := range ts.extra {
		if cmd, err := t.command(); err == nil { // else it fails again when it is due
			due = append(due, cmd)
		}
	}
	ts.extra = nil
	for len(ts.heap) > 0 {
		t := ts.heap[0]
		if t.at > now {
			// The minimum is taken in milliseconds: a far time would overflow a
			// Duration.
			return due, failed, time.Duration(min(t.at-now, schemas.Time(maxSleep.Milliseconds()))) * time.Millisecond
		}
		if t.waitFor >= committed {
			t.at = now.Add(commitPoll)
		} else {
			cmd, err := t.command()
			if err != nil {
				if failed == nil {
					failed = make(map[string]error)
				}
				failed[t.key] = err
				heap.Pop(&ts.heap)
				delete(ts.byKey, t.key)
				continue
			}
			due = append(due, cmd)
			t.at = now.Add(min(maxRetry, minRetry<<min(t.tries, 10)))
			t.tries++
		}
		heap.Fix(&ts.heap, 0)
	}
	return due, failed, maxSleep
}

// anyWaitsForCommit reports whether a timer that is due, or soon will be, waits for a
// commit.
func (ts *timers) anyWaitsForCommit() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	soon, committed := ts.now().Add(commitPoll), ts.committed()
	for _, t := range ts.heap {
		if t.waitFor != noCommit && t.waitFor >= committed && t.at <= soon {
			return true
		}
	}
	return false
}

// timerHeap is a heap.Interface by time.
type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
