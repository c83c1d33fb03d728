package embedded

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/valyala/fasthttp/fasthttputil"
)

// listener accepts the broker's connections, from TCP and from memory. Connections from
// this process go through memory, because a third of a move's transport time would be
// the kernel's TCP. It accepts nothing before start: until the broker is complete, a
// client could read a log without its older part, or write records without broker time.
type listener struct {
	net.Listener // TCP; set by startBroker
	guard        func(net.Conn) net.Conn
	memory       *fasthttputil.InmemoryListener
	accepted     chan acceptResult
	started      chan struct{}
	closed       chan struct{}
	closeOnce    sync.Once
}

type acceptResult struct {
	conn net.Conn
	err  error
}

func newListener(logger *slog.Logger) *listener {
	return &listener{
		guard:  newGuards(logger),
		memory: fasthttputil.NewInmemoryListener(), accepted: make(chan acceptResult),
		started: make(chan struct{}), closed: make(chan struct{}),
	}
}

// start starts to accept connections. Call it once.
func (l *listener) start() {
	go l.acceptFrom(l.Listener, l.guard)
	go l.acceptFrom(l.memory, func(conn net.Conn) net.Conn { return limitedConn{conn} })
	close(l.started)
}

// acceptFrom passes the connections of one listener to Accept until l is closed.
func (l *listener) acceptFrom(from net.Listener, wrap func(net.Conn) net.Conn) {
	for {
		conn, err := from.Accept()
		if conn != nil {
			conn = wrap(conn)
		}
		select {
		case l.accepted <- acceptResult{conn, err}:
		case <-l.closed:
			if conn != nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case a := <-l.accepted:
		return a.conn, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	_ = l.memory.Close() // returns an error only for a second call
	return l.Listener.Close()
}

// dial connects from this process. It waits until l is started.
func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case <-l.started:
		conn, err := l.memory.Dial()
		if err != nil {
			return nil, err
		}
		return limitedConn{conn}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// limitedConn limits the size of a write: the in-memory pipe copies a write as a whole,
// and each end keeps the last copy that it read, which could be a whole fetch.
type limitedConn struct{ net.Conn }

const maxWrite = 64 << 10

func (c limitedConn) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.Conn.Write(p[n:min(n+maxWrite, len(p))])
		n += m
	}
	return n, err
}
