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

// How long each step of a stop may take; 10 s together with the embedded parts.
// What is cut off is done again at the next start.
const (
	stopServices = 3500 * time.Millisecond
	stopWorkers  = 3500 * time.Millisecond
)

// node is one process: its parts and its listener.
type node struct {
	logger   *slog.Logger
	registry *prometheus.Registry
	services []supervise.Part          // stop first: they answer requests
	workers  []supervise.Part          // processors and sinks
	routes   []func(gin.IRouter) error // of the services
	proxies  []string                  // of the services: see httpx.TrustProxies
	closers  []func()                  // called when all parts have stopped
}

func newNode(logger *slog.Logger) *node {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &node{logger: logger, registry: registry}
}

// serve runs the parts and answers on listener until ctx ends; then it drains
// and stops. ready is called when all parts are ready for the first time.
func (n *node) serve(ctx context.Context, listener net.Listener, ready func()) error {
	services := supervise.New(n.logger, supervise.DefaultBackoff, n.services...)
	workers := supervise.New(n.logger, supervise.DefaultBackoff, n.workers...)
	handler, err := n.handler(services, workers)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	endServices := background(ctx, services.Run)
	endWorkers := background(ctx, workers.Run)

	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(n.logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	go func() {
		if whenReady(ctx, services, workers) {
			ready()
		}
	}()
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		err = fmt.Errorf("serve http: %w", err)
	}

	// The services answer what is in flight and end their streams, while the
	// server takes no new connections and waits for those it has.
	drain, cancel := context.WithTimeout(context.Background(), stopServices)
	defer cancel()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_ = server.Shutdown(drain) // cut off by its time, or Close
	}()
	n.await("services", stopServices, endServices)
	<-drained
	_ = server.Close()
	n.await("processors and sinks", stopWorkers, endWorkers)
	for _, closed := range n.closers {
		closed()
	}
	return err
}

// whenReady waits until every part is ready; false if ctx ends before.
func whenReady(ctx context.Context, supervisors ...*supervise.Supervisor) bool {
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

// background starts run and gives the function that ends it and says when it
// has ended. It does not end with ctx: the parts stop in their order.
func background(ctx context.Context, run func(context.Context)) (end func() <-chan struct{}) {
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

func (n *node) await(what string, limit time.Duration, end func() <-chan struct{}) {
	select {
	case <-end():
	case <-time.After(limit):
		n.logger.Warn("still busy, left behind: what is not done is done at the next start", "what", what)
	}
}

func (n *node) handler(supervisors ...*supervise.Supervisor) (http.Handler, error) {
	engine := httpx.New(n.logger, n.registry)
	if err := httpx.TrustProxies(engine, n.proxies); err != nil {
		return nil, err
	}
	var checks []httpx.Check
	for _, s := range supervisors {
		s.Ready(func(name string, ready func() error) { checks = append(checks, httpx.Check{Name: name, Ready: ready}) })
	}
	httpx.Health(engine, n.registry, checks)
	for _, routes := range n.routes {
		if err := routes(engine); err != nil {
			return nil, err
		}
	}
	return engine, nil
}

// listen opens the listener before anything else is started, so that an address
// in use costs nothing.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}
