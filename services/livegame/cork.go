package livegame

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// corked is a connection that can hold its writes back. The WebSocket library
// writes each message by itself; a move is three of them (the event to both
// players, and the ack), and a system call costs more than all else about it.
type corked struct {
	net.Conn
	mu     sync.Mutex
	held   bool
	buffer []byte
}

// maxKeptBuffer is what an idle connection keeps of its buffer.
const maxKeptBuffer = 8 << 10

func (c *corked) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		c.buffer = append(c.buffer, p...)
		return len(p), nil
	}
	return c.write(p)
}

// cork holds writes back until uncork.
func (c *corked) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = true
}

// uncork writes what was held back, in one piece.
func (c *corked) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	if len(c.buffer) == 0 {
		return nil
	}
	_, err := c.write(c.buffer)
	c.buffer = c.buffer[:0]
	if cap(c.buffer) > maxKeptBuffer {
		c.buffer = nil
	}
	return err
}

func (c *corked) write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// corking gives the library a corked connection when it takes over.
type corking struct {
	http.ResponseWriter
	conn *corked
}

func (w *corking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.conn = &corked{Conn: conn}
	rw.Writer.Reset(w.conn)
	return w.conn, rw, nil
}

// WriteHeaderNow is asked for by the library: Gin puts the head off.
func (w *corking) WriteHeaderNow() {
	if gin, ok := w.ResponseWriter.(interface{ WriteHeaderNow() }); ok {
		gin.WriteHeaderNow()
	}
}
