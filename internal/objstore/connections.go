package objstore

import (
	"context"
	"net"
	"sync"
)

// connections tracks the open connections of one client, so that they can be closed:
// the SDK's client cannot. Connections that stay open delay the shutdown of a store. A
// connection that was dialled but not used, because another became free meanwhile,
// counts there as one whose first request is on its way.
type connections struct {
	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

type connection struct {
	net.Conn
	tracker *connections
}

func newConnections() *connections { return &connections{open: make(map[*connection]struct{})} }

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// tracking wraps dial so that its connections are tracked.
func (c *connections) tracking(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		tracked := &connection{conn, c}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.closed {
			_ = conn.Close()
			return nil, net.ErrClosed
		}
		c.open[tracked] = struct{}{}
		return tracked, nil
	}
}

func (c *connection) Close() error {
	c.tracker.mu.Lock()
	delete(c.tracker.open, c)
	c.tracker.mu.Unlock()
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
