package httpx

import (
	"context"
	"net"
	"time"
)

type connKey struct{}

// WithConn is a server's ConnContext, for NoticeLoss.
func WithConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// NoticeLoss has the kernel end the request's connection if the client's kernel does not
// answer for that long: a client whose network is gone says nothing, and writes to it
// succeed for minutes. Behind a gateway it is the gateway that notices. It does nothing
// if the server lacks WithConn.
func NoticeLoss(ctx context.Context, within time.Duration) {
	conn, ok := ctx.Value(connKey{}).(*net.TCPConn)
	if !ok {
		return
	}
	const probes = 3
	// What fails here leaves the connection as it was.
	_ = conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: within / 2, Interval: within / 2 / probes, Count: probes})
	unackedTimeout(conn, within)
}
