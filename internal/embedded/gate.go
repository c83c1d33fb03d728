package embedded

import (
	"context"
	"net"
	"sync"

	"github.com/valyala/fasthttp/fasthttputil"
)

// gate is the broker's listener. It has two doors: TCP, and memory for this very
// process, where a third of what the transport of a move costs is the kernel's.
// It lets nobody in before the broker is complete: a client that comes back at
// once must not see a log without its older part, nor write records without
// broker time.
type gate struct {
	net.Listener // TCP, set by the broker
	memory       *fasthttputil.InmemoryListener
	opened       chan struct{}
	closed       chan struct{}
	once         sync.Once
	came         chan arrival
}

type arrival struct {
	conn net.Conn
	err  error
}

func newGate() *gate {
	return &gate{
		memory: fasthttputil.NewInmemoryListener(), came: make(chan arrival),
		opened: make(chan struct{}), closed: make(chan struct{}),
	}
}

// open lets clients in. Call it once.
func (g *gate) open() {
	for _, door := range []net.Listener{g.Listener, g.memory} {
		go g.admit(door)
	}
	close(g.opened)
}

// admit hands on who comes by a door until it is closed.
func (g *gate) admit(door net.Listener) {
	for {
		conn, err := door.Accept()
		if conn != nil && door == net.Listener(g.memory) {
			conn = inPieces{conn}
		}
		select {
		case g.came <- arrival{conn, err}:
		case <-g.closed:
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

func (g *gate) Accept() (net.Conn, error) {
	select {
	case a := <-g.came:
		return a.conn, a.err
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

func (g *gate) Close() error {
	g.once.Do(func() { close(g.closed) })
	_ = g.memory.Close() // it is only told once
	return g.Listener.Close()
}

// dial connects from this process. It waits until the gate is open.
func (g *gate) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case <-g.opened:
		conn, err := g.memory.Dial()
		if err != nil {
			return nil, err
		}
		return inPieces{conn}, nil
	case <-g.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inPieces writes in pieces: the pipe copies what is written at once, and each
// end keeps the last that it read, which may be a whole fetch.
type inPieces struct{ net.Conn }

const mostAtOnce = 64 << 10

func (c inPieces) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.Conn.Write(p[n:min(n+mostAtOnce, len(p))])
		n += m
	}
	return n, err
}
