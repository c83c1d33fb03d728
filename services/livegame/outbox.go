package livegame

import "sync"

// item is one thing for a client, encoded once for all who get it.
type item struct {
	seq   int64  // of the event; 0 for what is not an event
	frame []byte // as it goes to a socket, header and text
}

const (
	eventPrefix = `{"type":"event","event":`
	eventSuffix = `}`
)

// eventItem wraps an event as it is in the log. raw is copied: it is a piece of
// a whole fetch, which would stay in memory with it.
func eventItem(seq int64, raw []byte) item {
	size := len(eventPrefix) + len(raw) + len(eventSuffix)
	frame := appendHeader(make([]byte, 0, maxHeader+size), size)
	frame = append(append(append(frame, eventPrefix...), raw...), eventSuffix...)
	return item{seq, frame}
}

// textItem is what is not an event.
func textItem(text []byte) item {
	return item{frame: append(appendHeader(make([]byte, 0, maxHeader+len(text)), len(text)), text...)}
}

// text is what a socket's client reads.
func (i item) text() []byte { return i.frame[headerOf(i.frame):] }

// event is the envelope alone, of an item with a seq.
func (i item) event() []byte {
	text := i.text()
	return text[len(eventPrefix) : len(text)-len(eventSuffix)]
}

// ending says why a client gets no more.
type ending uint8

const (
	goesOn    ending = iota
	tooSlow          // its outbox was full
	goingAway        // the service stops
	gameOver         // nothing more will happen in this game
	outOfStep        // events were lost here: it must come back and resume
	departed         // the client said that it leaves
)

func (e ending) String() string {
	return [...]string{"goes on", "too slow: come back with from_seq", "going away", "the game is over", "out of step: come back with from_seq", "you left"}[e]
}

// Limits of an outbox. A move is about 600 bytes.
const (
	outboxItems = 256
	outboxBytes = 512 << 10
)

// outbox is what a client has to be sent. Whoever has something for it puts it
// in and never waits; one taker at a time takes it out.
type outbox struct {
	mu    sync.Mutex
	items []item
	bytes int
	end   ending

	// ready holds a token when there is something to take.
	ready chan struct{}
	rouse func() // called instead, if there is one
	full  func() // called when it ends because it was full
}

func newOutbox(full func()) *outbox { return &outbox{ready: make(chan struct{}, 1), full: full} }

// put adds an item without waking the taker: see wake. A full outbox ends.
func (o *outbox) put(i item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != goesOn {
		return
	}
	if len(o.items) >= outboxItems || o.bytes+len(i.frame) > outboxBytes {
		o.end, o.items, o.bytes = tooSlow, nil, 0
		o.full()
		return
	}
	o.items = append(o.items, i)
	o.bytes += len(i.frame)
}

// wake tells the taker that there is something.
func (o *outbox) wake() {
	if o.rouse != nil {
		o.rouse()
		return
	}
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// send is put and wake.
func (o *outbox) send(i item) {
	o.put(i)
	o.wake()
}

// close ends the outbox; what is in it can still be taken.
func (o *outbox) close(why ending) {
	o.mu.Lock()
	if o.end == goesOn {
		o.end = why
	}
	o.mu.Unlock()
	o.wake()
}

// take empties the outbox. into is filled and becomes the caller's; what it held
// is forgotten.
func (o *outbox) take(into []item) ([]item, ending) {
	clear(into)
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.items
	o.items, o.bytes = into[:0], 0
	return taken, o.end
}

// empty reports whether there is nothing to take and more may come.
func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items) == 0 && o.end == goesOn
}
