package wsconn

import (
	"runtime"
	"sync"

	"github.com/coder/websocket"

	"tabiya/services/livegame/outbox"
)

// writers write to all connections, with one goroutine for each processor. One for
// each connection would be woken for each event, and would keep a stack. They never
// wait for a client: a connection that would have to be waited for gets a goroutine
// of its own until it has caught up.
type writers struct {
	mu       sync.Mutex
	players  []*Conn // written to before the watchers
	watchers []*Conn
	working  int
}

// add queues a connection. The caller has set its writing flag.
func (w *writers) add(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.player {
		w.players = append(w.players, c)
	} else {
		w.watchers = append(w.watchers, c)
	}
	if w.working < runtime.GOMAXPROCS(0) {
		w.working++
		go w.work()
	}
}

func (w *writers) work() {
	b := &writeBuffer{}
	for c := w.next(); c != nil; c = w.next() {
		c.flush(b)
	}
}

// next is the connection whose turn it is; without one the goroutine ends.
func (w *writers) next() (c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue := &w.players
	if len(*queue) == 0 {
		queue = &w.watchers
	}
	if len(*queue) == 0 {
		w.working--
		return nil
	}
	c, (*queue)[0] = (*queue)[0], nil
	*queue = (*queue)[1:]
	return c
}

// schedule has the outbox written, unless a goroutine is already writing it.
func (c *Conn) schedule() {
	if c.writing.CompareAndSwap(false, true) {
		c.server.writers.add(c)
	}
}

// flush writes what is in the outbox, as far as it need not wait. The caller has
// set the writing flag.
func (c *Conn) flush(b *writeBuffer) {
	for more := true; more; more = c.more() {
		end := b.fill(c.box)
		left, done, err := c.transport.tryWrite(b)
		if !done || err != nil || end != outbox.Open {
			go c.finish(left, err, end)
			return
		}
	}
}

// finish does what has to wait: it writes what is left and all that comes
// meanwhile, and closes the connection at the outbox's end.
func (c *Conn) finish(left []byte, err error, end outbox.End) {
	b := &writeBuffer{}
	for err == nil {
		if err = c.transport.write(left); err != nil {
			break
		}
		if end != outbox.Open {
			c.Close(end)
			return
		}
		if !c.more() {
			return
		}
		end = b.fill(c.box)
		left = b.frames
	}
	_ = c.ws.CloseNow() // which ends Read; nobody writes any more
}

// more clears the writing flag, unless something came meanwhile.
func (c *Conn) more() bool {
	c.writing.Store(false)
	return !c.box.Idle() && c.writing.CompareAndSwap(false, true)
}

// Close closes the connection with the code and the reason of an outbox's end.
func (c *Conn) Close(why outbox.End) {
	_ = c.ws.Close(closeCode(why), why.String()) // an error: the client has gone
}

// writeBuffer is what a writer reuses from one connection to the next.
type writeBuffer struct {
	items   []outbox.Item
	frames  []byte // to be written, and not to be changed
	joined  []byte
	syscall nonBlocking
}

// fill takes what is in the outbox.
func (b *writeBuffer) fill(box *outbox.Outbox) (end outbox.End) {
	b.items, end = box.Take(b.items)
	if len(b.items) == 1 { // without a copy; for watchers that is the rule
		b.frames = b.items[0].Frame
		return end
	}
	b.joined = b.joined[:0]
	for _, i := range b.items {
		b.joined = append(b.joined, i.Frame...)
	}
	b.frames = b.joined
	return end
}

func closeCode(end outbox.End) websocket.StatusCode {
	switch end {
	case outbox.TooSlow:
		return statusTooSlow
	case outbox.GoingAway:
		return websocket.StatusGoingAway
	case outbox.OutOfStep:
		return websocket.StatusTryAgainLater
	default:
		return websocket.StatusNormalClosure
	}
}
