package objstore

import (
	"context"
	"net"
	"sync"
)

// connections are those of one client. The SDK's client cannot be closed, and
// what it leaves open holds up a store that stops: a connection that was dialled
// in vain, because another became free meanwhile, counts there as one whose
// first request is on its way.
type connections struct {
	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

type connection struct {
	net.Conn
	of *connections
}

func newConnections() *connections { return &connections{open: make(map[*connection]struct{})} }

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dialing is dial that notes what it opens.
func (c *connections) dialing(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		noted := &connection{conn, c}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed {
			_ = conn.Close()
			return nil, net.ErrClosed
		}
		c.open[noted] = struct{}{}
		return noted, nil
	}
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Conn.Close()
	}
	clear(c.open)
}
