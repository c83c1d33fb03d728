package livegame

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
	"time"
)

// wire is a socket's connection. The WebSocket library reads from it, and writes
// what it has to say itself: pongs and close frames, each with one Write. Events,
// answers and pings are written past it: the library would take one system call
// for each message, where a mover gets two at a time, and locks that cost as
// much again.
type wire struct {
	net.Conn
	mu      sync.Mutex
	closing bool // a close frame was written: nothing may follow (RFC 6455, 5.5.1)
	buffer  []byte
	until   time.Time // the write deadline
}

// First bytes of frames, RFC 6455, 5.2: final, and an opcode.
const (
	finalText  = 0x81
	finalClose = 0x88
	finalPing  = 0x89
)

// maxKeptBuffer is what a quiet connection keeps of its buffer.
const maxKeptBuffer = 8 << 10

// Write takes the library's frames.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p) > 0 && p[0] == finalClose {
		w.closing = true
	}
	return w.write(p)
}

// send writes text messages, all in one piece.
func (w *wire) send(items []item) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return net.ErrClosed
	}
	for _, i := range items {
		w.buffer = appendFrame(w.buffer, i.frame)
	}
	_, err := w.write(w.buffer)
	w.buffer = w.buffer[:0]
	if cap(w.buffer) > maxKeptBuffer {
		w.buffer = nil
	}
	return err
}

// ping writes a ping; its payload is at most 125 bytes.
func (w *wire) ping(payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return net.ErrClosed
	}
	_, err := w.write(append([]byte{finalPing, byte(len(payload))}, payload...))
	return err
}

func (w *wire) write(p []byte) (int, error) {
	// Setting a deadline costs a tenth of a write, so one serves all writes of a
	// while: a reader that stands still is found within a quarter of the limit.
	if now := time.Now(); w.until.Sub(now) < writeLimit*3/4 {
		w.until = now.Add(writeLimit)
		if err := w.Conn.SetWriteDeadline(w.until); err != nil {
			return 0, err
		}
	}
	return w.Conn.Write(p)
}

// appendFrame appends a text message as one frame; a server's are not masked.
func appendFrame(b, text []byte) []byte {
	switch n := len(text); {
	case n < 126:
		b = append(b, finalText, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, finalText, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, finalText, 127), uint64(n))
	}
	return append(b, text...)
}

// wiring gives the library a wire when it takes the connection over.
type wiring struct {
	http.ResponseWriter
	wire *wire
}

func (w *wiring) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.wire = &wire{Conn: conn}
	rw.Writer.Reset(w.wire)
	return w.wire, rw, nil
}

// WriteHeaderNow is asked for by the library: Gin puts the head off.
func (w *wiring) WriteHeaderNow() {
	if gin, ok := w.ResponseWriter.(interface{ WriteHeaderNow() }); ok {
		gin.WriteHeaderNow()
	}
}
