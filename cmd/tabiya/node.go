package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tabiya/internal/httpx"
	"tabiya/internal/supervise"
)

// Limits of the steps of a shutdown: 10 s in all, with embeddedStopTimeout. Work
// that is cut off is repeated at the next start.
const (
	servicesStopTimeout = 3500 * time.Millisecond
	workersStopTimeout  = 3500 * time.Millisecond
)

// node runs the services, processors and sinks of one process, and its two listeners.
type node struct {
	logger   *slog.Logger
	registry *prometheus.Registry
	services []supervise.Part          // stopped first, since they send commands
	workers  []supervise.Part          // processors and sinks
	routes   []func(*gin.Engine) error // of the services
	proxies  []string                  // see httpx.TrustProxies
	origins  httpx.Origins
	closers  []func() // called after everything has stopped
}

func newNode(logger *slog.Logger) *node {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &node{logger: logger, registry: registry}
}

// listeners are those for clients and for operators. serve closes them.
type listeners struct{ public, ops net.Listener }

func (l listeners) close() error { return errors.Join(l.public.Close(), l.ops.Close()) }

// serve runs everything and serves HTTP until ctx ends, then drains requests and stops.
// Operators are answered until everything has stopped. It calls ready once, when
// everything is ready for the first time.
func (n *node) serve(ctx context.Context, l listeners, ready func()) error {
	services := supervise.New(n.logger, supervise.DefaultBackoff, n.services...)
	workers := supervise.New(n.logger, supervise.DefaultBackoff, n.workers...)
	checks := checksOf(services, workers)
	handler, err := n.handler(checks)
	if err != nil {
		return errors.Join(err, l.close())
	}
	ops := n.serveOps(l.ops, httpx.OpsHandler(n.registry, checks))
	defer ops.Close()
	endServices := startInBackground(ctx, services.Run)
	endWorkers := startInBackground(ctx, workers.Run)

	server := &http.Server{
		Handler:           handler,
		ConnContext:       httpx.WithConn,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(n.logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l.public) }()
	go func() {
		if waitUntilReady(ctx, services, workers) {
			ready()
		}
	}()
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		err = fmt.Errorf("serve http: %w", err)
	}

	// Services end their streams and answer the requests in flight, while the
	// server accepts no new connections and waits for the open ones.
	drain, cancel := context.WithTimeout(context.Background(), servicesStopTimeout)
	defer cancel()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_ = server.Shutdown(drain) // on timeout, Close below cuts the rest
	}()
	n.waitForStop("services", servicesStopTimeout, endServices)
	<-drained
	_ = server.Close()
	n.waitForStop("processors and sinks", workersStopTimeout, endWorkers)
	for _, closed := range n.closers {
		closed()
	}
	return err
}

// waitUntilReady waits until every part is ready. It returns false if ctx ends
// first.
func waitUntilReady(ctx context.Context, supervisors ...*supervise.Supervisor) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		waiting := 0
		for _, s := range supervisors {
			s.Ready(func(_ string, ready func() error) {
				if ready() != nil {
					waiting++
				}
			})
		}
		if waiting == 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// startInBackground runs run in a goroutine. end cancels it and returns a channel
// that is closed when run has returned. The end of ctx does not stop run, so that
// services can be stopped before workers.
func startInBackground(ctx context.Context, run func(context.Context)) (end func() <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	return func() <-chan struct{} {
		cancel()
		return done
	}
}

func (n *node) waitForStop(what string, limit time.Duration, end func() <-chan struct{}) {
	select {
	case <-end():
	case <-time.After(limit):
		n.logger.Warn("did not stop in time; unfinished work is repeated at the next start", "what", what)
	}
}

func checksOf(supervisors ...*supervise.Supervisor) (checks []httpx.Check) {
	for _, s := range supervisors {
		s.Ready(func(name string, ready func() error) { checks = append(checks, httpx.Check{Name: name, Ready: ready}) })
	}
	return checks
}

func (n *node) handler(checks []httpx.Check) (http.Handler, error) {
	engine := httpx.New(n.logger, n.registry)
	if err := httpx.TrustProxies(engine, n.proxies); err != nil {
		return nil, err
	}
	httpx.AllowOrigins(engine, n.origins)
	httpx.Health(engine, checks)
	for _, routes := range n.routes {
		if err := routes(engine); err != nil {
			return nil, err
		}
	}
	return httpx.AnswerHead(engine), nil
}

// listen opens a listener. Call it before anything else is started, so that an
// address in use fails at once.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}
