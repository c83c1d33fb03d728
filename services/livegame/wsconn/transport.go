package wsconn

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// transport is a connection's network side. The WebSocket library reads from it and
// writes only pongs and close frames, each with one Write. Events, answers and pings
// bypass the library, which would need one system call for each message, although a
// mover gets two at a time, and locks that cost as much again.
type transport struct {
	net.Conn
	raw          syscall.RawConn // nil if the connection has none
	writeTimeout time.Duration   // for a chunk

	mu      sync.Mutex
	closing bool   // a close frame was written: nothing may follow (RFC 6455, 5.5.1)
	rest    []byte // the part of tryWrite's last frames that was not written; must be written first
}

const (
	defaultWriteTimeout = 10 * time.Second
	// chunkBytes is the number of bytes that must be written within the write timeout.
	chunkBytes = 16 << 10
)

// First bytes of control frames: the FIN bit and an opcode (RFC 6455, 5.2).
const (
	finalClose = 0x88
	finalPing  = 0x89
)

// Write implements net.Conn for the library's frames.
func (t *transport) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(p) > 0 && p[0] == finalClose {
		t.closing = true
	}
	return len(p), t.writeLocked(p)
}

// write writes frames and waits until they are written, up to the write timeout for each
// chunk.
func (t *transport) write(frames []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closing {
		return net.ErrClosed
	}
	return t.writeLocked(frames)
}

// ping writes a ping with a payload of at most 125 bytes.
func (t *transport) ping(payload []byte) error {
	return t.write(append([]byte{finalPing, byte(len(payload))}, payload...))
}

func (t *transport) writeLocked(p []byte) error {
	if err := t.writeChunks(t.rest); err != nil {
		return err
	}
	t.rest = nil
	if err := t.writeChunks(p); err != nil {
		return err
	}
	return t.SetWriteDeadline(time.Time{}) // an expired deadline would make tryWrite fail
}

func (t *transport) writeChunks(p []byte) error {
	for chunk := range slices.Chunk(p, chunkBytes) {
		if err := t.SetWriteDeadline(time.Now().Add(t.writeTimeout)); err != nil {
			return err
		}
		if _, err := t.Conn.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// tryWrite writes as much of the buffer's frames as it can without waiting. If done is
// false, the caller must pass left to write, even if it is empty.
func (t *transport) tryWrite(b *writeBuffer) (left []byte, done bool, err error) {
	if t.raw == nil || !t.mu.TryLock() { // somebody else is writing, and may have to wait
		return slices.Clone(b.frames), false, nil
	}
	defer t.mu.Unlock()
	if t.closing {
		return nil, false, net.ErrClosed
	}
	n, err := b.syscall.write(t.raw, b.frames)
	if err == nil && n < len(b.frames) {
		t.rest = slices.Clone(b.frames[n:])
		return nil, false, nil
	}
	return nil, true, err
}

// nonBlocking writes to a file descriptor without waiting. It is a type so that the
// function for RawConn is allocated only once.
type nonBlocking struct {
	once  func(fd uintptr) bool
	bytes []byte
	n     int
	err   error
}

func (w *nonBlocking) write(raw syscall.RawConn, p []byte) (n int, err error) {
	if w.once == nil {
		w.once = func(fd uintptr) bool {
			w.n, w.err = syscall.Write(int(fd), w.bytes)
			return true // do not retry
		}
	}
	w.bytes = p
	if err := raw.Write(w.once); err != nil {
		return 0, err
	}
	if w.err == syscall.EAGAIN || w.err == syscall.EINTR {
		return 0, nil
	}
	return w.n, w.err
}

func newTransport(conn net.Conn, writeTimeout time.Duration) *transport {
	t := &transport{Conn: conn, writeTimeout: writeTimeout}
	if c, ok := conn.(syscall.Conn); ok {
		t.raw, _ = c.SyscallConn() // if it is nil, every write waits
	}
	return t
}

// hijacker gives the library a transport instead of the hijacked connection.
type hijacker struct {
	http.ResponseWriter
	writeTimeout time.Duration
	transport    *transport
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.transport = newTransport(conn, h.writeTimeout)
	rw.Writer.Reset(h.transport)
	return h.transport, rw, nil
}

// WriteHeaderNow writes Gin's delayed response header. The library calls it.
func (h *hijacker) WriteHeaderNow() {
	if gin, ok := h.ResponseWriter.(interface{ WriteHeaderNow() }); ok {
		gin.WriteHeaderNow()
	}
}
