// Package outbox is a bounded queue of messages for one client. It stands between the
// goroutine that folds events, which must never wait, and the client's connection,
// which may be slow.
package outbox

import "sync"

// Limits of an outbox. A move is about 600 bytes.
const (
	MaxItems = 256
	maxBytes = 512 << 10
)

// End is the reason why an outbox takes no more items.
type End uint8

// The reasons. Open is the zero value: the outbox still takes items.
const (
	Open        End = iota
	TooSlow         // the outbox was full: the client must resume with from_seq
	GoingAway       // the service is stopping
	GameOver        // the game gets no more events
	OutOfStep       // this instance lost events: the client must resume with from_seq
	Left            // the player left
	SessionOver     // the player signed out, changed the password or closed the account
	Replaced        // a newer connection of the player took the place
	MadeRoom        // a player took the place of a watcher
)

// String returns the text for the close frame.
func (e End) String() string {
	return [...]string{"open", "too slow: come back with from_seq", "going away", "the game is over", "out of step: come back with from_seq", "you left", "the session has ended: sign in again",
		"you opened this game elsewhere", "this instance is full: come back later with from_seq"}[e]
}

// Outbox is one client's queue. Any goroutine may put items in, without waiting;
// one goroutine at a time takes them out.
type Outbox struct {
	mu    sync.Mutex
	items []Item
	bytes int
	end   End

	ready    chan struct{} // holds a token when there is something to take
	schedule func()        // if set, called instead of filling ready
	onFull   func()
}

// New creates an outbox whose taker waits on Ready. onFull is called once, if the
// outbox ends because it was full.
func New(onFull func()) *Outbox {
	return &Outbox{ready: make(chan struct{}, 1), onFull: onFull}
}

// NewScheduled creates an outbox that calls schedule when there is something to take.
// schedule must not block.
func NewScheduled(schedule, onFull func()) *Outbox {
	return &Outbox{schedule: schedule, onFull: onFull}
}

// Ready receives a token when there is something to take.
func (o *Outbox) Ready() <-chan struct{} { return o.ready }

// Put adds an item without waking the taker; call Wake for that. A full outbox drops
// all its items and ends as TooSlow.
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

// Send adds an item and wakes the taker.
func (o *Outbox) Send(i Item) {
	o.Put(i)
	o.Wake()
}

// Close ends the outbox, unless it has ended already. Its items can still be taken.
func (o *Outbox) Close(why End) {
	o.mu.Lock()
	if o.end == Open {
		o.end = why
	}
	o.mu.Unlock()
	o.Wake()
}

// Take removes and returns all items. It clears into and uses it for the next items, so
// that a taker that alternates two slices allocates nothing.
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

// Len returns the number of items.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}
