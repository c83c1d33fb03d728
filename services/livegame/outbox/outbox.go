// Package outbox holds what one client still has to be sent: a bounded queue
// between the goroutine that folds events, which must never wait, and the
// client's connection, which may be slow.
package outbox

import "sync"

// Limits of an outbox. A move is about 600 bytes.
const (
	MaxItems = 256
	maxBytes = 512 << 10
)

// End says why an outbox takes nothing more.
type End uint8

// The reasons. Open is the zero value: more may come.
const (
	Open      End = iota
	TooSlow       // it was full: the client must resume with from_seq
	GoingAway     // the service stops
	GameOver      // nothing more can happen in this game
	OutOfStep     // this instance lost events: the client must resume with from_seq
	Left          // the client said that it leaves
)

// String is the reason that a client is told in its close frame.
func (e End) String() string {
	return [...]string{"open", "too slow: come back with from_seq", "going away", "the game is over", "out of step: come back with from_seq", "you left"}[e]
}

// Outbox is one client's queue. Any goroutine may put items in, without waiting;
// one goroutine at a time takes them out.
type Outbox struct {
	mu    sync.Mutex
	items []Item
	bytes int
	end   End

	ready    chan struct{} // holds a token when there is something to take
	schedule func()        // called instead of filling ready, if set
	onFull   func()
}

// New makes an outbox whose taker waits on Ready. onFull is called once, if the
// outbox ends because it was full.
func New(onFull func()) *Outbox {
	return &Outbox{ready: make(chan struct{}, 1), onFull: onFull}
}

// NewScheduled makes an outbox that calls schedule, which must not block, when
// there is something to take.
func NewScheduled(schedule, onFull func()) *Outbox {
	return &Outbox{schedule: schedule, onFull: onFull}
}

// Ready receives a token when there is something to take.
func (o *Outbox) Ready() <-chan struct{} { return o.ready }

// Put adds an item without waking the taker; Wake does that. An outbox that is
// full drops all it holds and ends as TooSlow.
func (o *Outbox) Put(i Item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != Open {
		return
	}
	if len(o.items) >= MaxItems || o.bytes+len(i.Frame) > maxBytes {
		o.end, o.items, o.bytes = TooSlow, nil, 0
		o.onFull()
		return
	}
	o.items = append(o.items, i)
	o.bytes += len(i.Frame)
}

// Wake tells the taker that there is something to take.
func (o *Outbox) Wake() {
	if o.schedule != nil {
		o.schedule()
		return
	}
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// WakeAll wakes the takers of several outboxes.
func WakeAll(boxes []*Outbox) {
	for _, o := range boxes {
		o.Wake()
	}
}

// Send puts an item in and wakes the taker.
func (o *Outbox) Send(i Item) {
	o.Put(i)
	o.Wake()
}

// Close ends the outbox. What it holds can still be taken; the first reason stays.
func (o *Outbox) Close(why End) {
	o.mu.Lock()
	if o.end == Open {
		o.end = why
	}
	o.mu.Unlock()
	o.Wake()
}

// Take empties the outbox. It reuses the memory of into, whose items it forgets.
func (o *Outbox) Take(into []Item) ([]Item, End) {
	clear(into)
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.items
	o.items, o.bytes = into[:0], 0
	return taken, o.end
}

// Idle reports whether there is nothing to take and the outbox is still open.
func (o *Outbox) Idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items) == 0 && o.end == Open
}

// Len is how many items wait to be taken.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}
