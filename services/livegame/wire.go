package livegame

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// wire is a socket's connection. The WebSocket library reads from it, and writes
// what it has to say itself: pongs and close frames, each with one Write. Events,
// answers and pings are written past it: the library would take one system call
// for each message, where a mover gets two at a time, and locks that cost as
// much again.
type wire struct {
	net.Conn
	raw     syscall.RawConn // nil where there is none
	mu      sync.Mutex
	closing bool // a close frame was written: nothing may follow (RFC 6455, 5.5.1)
	limit   time.Duration
	torn    []byte // what offer could not write of its last frames: it goes before all else
}

// pieceBytes is what a slow reader is given writeLimit for.
const pieceBytes = 16 << 10

// First bytes of frames, RFC 6455, 5.2: final, and an opcode.
const (
	finalText  = 0x81
	finalClose = 0x88
	finalPing  = 0x89
)

// Write takes the library's frames.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p) > 0 && p[0] == finalClose {
		w.closing = true
	}
	return len(p), w.write(p)
}

// send writes frames, and waits until they are: a reader may take up to writeLimit
// for each piece of pieceBytes.
func (w *wire) send(frames []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return net.ErrClosed
	}
	return w.write(frames)
}

// ping writes a ping; its payload is at most 125 bytes.
func (w *wire) ping(payload []byte) error {
	return w.send(append([]byte{finalPing, byte(len(payload))}, payload...))
}

func (w *wire) write(p []byte) error {
	if err := w.pieces(w.torn); err != nil {
		return err
	}
	w.torn = nil
	if err := w.pieces(p); err != nil {
		return err
	}
	return w.SetWriteDeadline(time.Time{}) // which offer would run into
}

func (w *wire) pieces(p []byte) error {
	for piece := range slices.Chunk(p, pieceBytes) {
		if err := w.SetWriteDeadline(time.Now().Add(w.limit)); err != nil {
			return err
		}
		if _, err := w.Conn.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// offer writes what the connection takes at once of the pen's frames. Where that
// is not the whole, what is left must be sent, even if it is nothing.
func (w *wire) offer(p *pen) (left []byte, whole bool, err error) {
	if w.raw == nil || !w.mu.TryLock() { // the library writes, and may have to wait
		return slices.Clone(p.frames), false, nil
	}
	defer w.mu.Unlock()
	if w.closing {
		return nil, false, net.ErrClosed
	}
	n, err := p.try.write(w.raw, p.frames)
	if err == nil && n < len(p.frames) {
		w.torn = slices.Clone(p.frames[n:])
		return nil, false, nil
	}
	return nil, true, err
}

// try is one write to a descriptor that never waits. It is a type so that the
// function that a RawConn wants is made once.
type try struct {
	once  func(fd uintptr) bool
	bytes []byte
	n     int
	err   error
}

func (t *try) write(raw syscall.RawConn, p []byte) (n int, err error) {
	if t.once == nil {
		t.once = func(fd uintptr) bool {
			t.n, t.err = syscall.Write(int(fd), t.bytes)
			return true // it is not tried again
		}
	}
	t.bytes = p
	if err := raw.Write(t.once); err != nil {
		return 0, err
	}
	if t.err == syscall.EAGAIN || t.err == syscall.EINTR {
		return 0, nil
	}
	return t.n, t.err
}

// maxHeader is the most that a frame has before its text.
const maxHeader = 10

// appendHeader appends what comes before n bytes of a text message in one frame; a
// server's are not masked.
func appendHeader(b []byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, finalText, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, finalText, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, finalText, 127), uint64(n))
	}
}

// headerOf is how many bytes of a frame are its header.
func headerOf(frame []byte) int {
	switch frame[1] {
	case 126:
		return 4
	case 127:
		return maxHeader
	default:
		return 2
	}
}

func newWire(conn net.Conn, limit time.Duration) *wire {
	w := &wire{Conn: conn, limit: cmp.Or(limit, writeLimit)}
	if c, ok := conn.(syscall.Conn); ok {
		w.raw, _ = c.SyscallConn() // without one, everything is waited for
	}
	return w
}

// wiring gives the library a wire when it takes the connection over.
type wiring struct {
	http.ResponseWriter
	limit time.Duration // default writeLimit
	wire  *wire
}

func (w *wiring) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.wire = newWire(conn, w.limit)
	rw.Writer.Reset(w.wire)
	return w.wire, rw, nil
}

// WriteHeaderNow is asked for by the library: Gin puts the head off.
func (w *wiring) WriteHeaderNow() {
	if gin, ok := w.ResponseWriter.(interface{ WriteHeaderNow() }); ok {
		gin.WriteHeaderNow()
	}
}
