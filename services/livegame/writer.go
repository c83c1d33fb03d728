package livegame

import (
	"runtime"
	"slices"
	"sync"

	"github.com/coder/websocket"

	"tabiya/internal/core/game"
)

// writers write to all sockets, with a goroutine for each processor. One for each
// socket would be woken for each event, and keep a stack. None of them waits for
// a client: the socket that would have to be waited for gets a goroutine of its
// own until it has caught up.
type writers struct {
	mu       sync.Mutex
	players  []*socket // come before the watchers
	watchers []*socket
	working  int
}

// add has a socket flushed that holds its claim.
func (w *writers) add(k *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k.plays {
		w.players = append(w.players, k)
	} else {
		w.watchers = append(w.watchers, k)
	}
	if w.working < runtime.GOMAXPROCS(0) {
		w.working++
		go w.work()
	}
}

func (w *writers) work() {
	p := &pen{}
	for k := w.next(); k != nil; k = w.next() {
		k.flush(p)
	}
}

// next is the socket whose turn it is; without one the goroutine ends.
func (w *writers) next() (k *socket) {
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
	k, (*queue)[0] = (*queue)[0], nil
	*queue = (*queue)[1:]
	return k
}

// rouse has the outbox written, unless somebody is at it.
func (k *socket) rouse() {
	if k.claimed.CompareAndSwap(false, true) {
		k.service.writers.add(k)
	}
}

// flush writes what is in the outbox, as far as nothing has to be waited for.
// The caller has the claim.
func (k *socket) flush(p *pen) {
	for more := true; more; more = k.more() {
		end := p.fill(k.box)
		left, whole, err := k.wire.offer(p)
		if !whole || err != nil || end != goesOn {
			go k.finish(left, err, end)
			return
		}
	}
}

// finish does what has to be waited for: it writes what is left and all that
// comes meanwhile, and closes the connection at its end.
func (k *socket) finish(left []byte, err error, end ending) {
	p := &pen{}
	for err == nil {
		if err = k.wire.send(left); err != nil {
			break
		}
		if end != goesOn {
			_ = k.conn.Close(closeCode(end), end.String()) // an error: the client has gone
			return
		}
		if !k.more() {
			return
		}
		end = p.fill(k.box)
		left = p.frames
	}
	_ = k.conn.CloseNow() // the reader notices; nobody writes any more
}

// more gives the claim back, unless something came meanwhile.
func (k *socket) more() bool {
	k.claimed.Store(false)
	return !k.box.empty() && k.claimed.CompareAndSwap(false, true)
}

// past sends the first frame and the events that the state holds.
func (k *socket) past(first item, state *game.State, from int64) error {
	frames := slices.Clone(first.frame)
	for _, ev := range state.Events(from) {
		frames = append(frames, eventItem(ev.Seq, ev.Record().Value).frame...)
		if len(frames) > pastBytes {
			if err := k.wire.send(frames); err != nil {
				return err
			}
			frames = frames[:0]
		}
	}
	return k.wire.send(frames)
}

// pen is what a writer needs for one socket after the other.
type pen struct {
	items  []item
	frames []byte // to be written, and not to be changed
	buf    []byte
	try    try
}

// fill takes what is in the box.
func (p *pen) fill(box *outbox) (end ending) {
	p.items, end = box.take(p.items)
	if len(p.items) == 1 { // as it is, which is the rule for watchers
		p.frames = p.items[0].frame
		return end
	}
	p.buf = p.buf[:0]
	for _, i := range p.items {
		p.buf = append(p.buf, i.frame...)
	}
	p.frames = p.buf
	return end
}

func closeCode(end ending) websocket.StatusCode {
	switch end {
	case tooSlow:
		return statusTooSlow
	case goingAway:
		return websocket.StatusGoingAway
	case outOfStep:
		return websocket.StatusTryAgainLater
	default:
		return websocket.StatusNormalClosure
	}
}
