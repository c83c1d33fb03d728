package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// opsFlags name the operators' listener. By default it takes a free port, so that
// several processes on one machine do not collide; its address is logged, and `up`
// writes it to endpoints.json.
type opsFlags struct {
	OpsListen string `default:"127.0.0.1:0" help:"Address of /metrics, and of /readyz with its reasons, for operators. Do not expose it to clients. Port 0 picks a free port, which is logged."`
}

func (f opsFlags) listenOps() (net.Listener, error) {
	listener, err := listen(f.OpsListen)
	if err != nil {
		return nil, fmt.Errorf("listener for operators: %w", err)
	}
	return listener, nil
}

// serveOps serves operators in the background until the server is closed.
func (n *node) serveOps(listener net.Listener, handler http.Handler) (server *http.Server) {
	server = &http.Server{
		Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(n.logger.Handler(), slog.LevelDebug),
	}
	n.logger.Info("listening for operators", "url", listenerURL(listener))
	go func() { _ = server.Serve(listener) }()
	return server
}
