package wsconn

import (
	"runtime"
	"sync"

	"github.com/coder/websocket"

	"tabiya/services/livegame/outbox"
)

// writers write to all connections, with at most one goroutine for each CPU. A
// goroutine for each connection would be woken for each event and would keep a stack.
// Writers never wait for a client: a connection that blocks gets a goroutine of its own
// until its outbox is empty.
type writers struct {
	mu         sync.Mutex
	players    []*Conn // written to before the spectators
	spectators []*Conn
	working    int // goroutines
}

// add queues a connection. The caller has set its writing flag.
func (w *writers) add(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.player {
		w.players = append(w.players, c)
	} else {
		w.spectators = append(w.spectators, c)
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

// next removes and returns the next connection. It returns nil if there is none; then
// the goroutine must end.
func (w *writers) next() (c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue := &w.players
	if len(*queue) == 0 {
		queue = &w.spectators
	}
	if len(*queue) == 0 {
		w.working--
		return nil
	}
	c, (*queue)[0] = (*queue)[0], nil
	*queue = (*queue)[1:]
	return c
}

// schedule queues the connection for the writers, unless a goroutine is already writing
// its outbox.
func (c *Conn) schedule() {
	if c.writing.CompareAndSwap(false, true) {
		c.server.writers.add(c)
	}
}

// flush writes the items of the outbox, and starts finish if it would have to wait or
// the outbox has ended. The caller has set the writing flag.
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

// finish does the work that blocks: it writes left and the items that are put in
// meanwhile, and closes the connection when the outbox has ended.
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
	_ = c.ws.CloseNow() // makes Read return; the writing flag stays set, so nobody writes any more
}

// more clears the writing flag and returns false, unless the outbox has got items
// meanwhile.
func (c *Conn) more() bool {
	c.writing.Store(false)
	return !c.box.Idle() && c.writing.CompareAndSwap(false, true)
}

// Close closes the connection with the close code and the text of an outbox's end.
func (c *Conn) Close(why outbox.End) {
	_ = c.ws.Close(closeCode(why), why.String()) // an error means that the client has disconnected
}

// writeBuffer has the buffers that a writer reuses for all its connections.
type writeBuffer struct {
	items   []outbox.Item
	frames  []byte // to be written; read-only, because it may be an item's Frame
	joined  []byte
	syscall nonBlocking
}

// fill takes the items of the outbox and sets frames.
func (b *writeBuffer) fill(box *outbox.Outbox) (end outbox.End) {
	b.items, end = box.Take(b.items)
	if len(b.items) == 1 { // needs no copy; the usual case for spectators
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
	case outbox.SessionOver:
		return statusSessionOver
	case outbox.OutOfStep, outbox.MadeRoom:
		return websocket.StatusTryAgainLater
	case outbox.Replaced:
		return statusReplaced
	default:
		return websocket.StatusNormalClosure
	}
}
