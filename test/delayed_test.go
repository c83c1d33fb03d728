package test

import (
	"context"
	"net"
	"net/http"
	"time"
)

// delayedConn is a connection whose outgoing bytes arrive late, in order.
type delayedConn struct {
	net.Conn
	latency time.Duration
	packets chan packet
	closed  chan struct{}
}

type packet struct {
	bytes []byte
	due   time.Time
}

// throughDelay is an HTTP client whose connections delay what it sends.
func throughDelay(latency time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		d := &delayedConn{Conn: conn, latency: latency, packets: make(chan packet, 64), closed: make(chan struct{})}
		go d.deliver()
		return d, nil
	}}}
}

func (d *delayedConn) Write(b []byte) (int, error) {
	select {
	case d.packets <- packet{append([]byte(nil), b...), time.Now().Add(d.latency)}:
		return len(b), nil
	case <-d.closed:
		return 0, net.ErrClosed
	}
}

// deliver writes each packet when it is due, until the connection is closed.
func (d *delayedConn) deliver() {
	defer close(d.closed)
	for p := range d.packets {
		<-time.After(time.Until(p.due))
		if _, err := d.Conn.Write(p.bytes); err != nil {
			return
		}
	}
}
