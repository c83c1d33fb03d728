package main

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/queue"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/supervise"
)

// running is a processor that runs until it is stopped.
type running struct {
	supervise.Part
	t        *testing.T
	registry *prometheus.Registry
	cancel   context.CancelFunc
	ended    chan struct{}
	err      error // once ended is closed
}

// startProcessor runs a processor as `tabiya processor` wires it.
func startProcessor(t *testing.T, cfg kafka.Config, name string) *running {
	t.Helper()
	n := newNode(slog.New(slog.DiscardHandler))
	if err := n.addProcessor(name, dependencies{kafka: cfg, queue: queue.Config{}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Part: n.workers[0], t: t, registry: n.registry, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(r.stop)
	return r
}

func (r *running) waitReady() *running {
	r.t.Helper()
	eventually.True(r.t, r.Name+" to be ready", func() bool { return r.Ready() == nil })
	return r
}

// stop ends the processor. It may be called again.
func (r *running) stop() {
	r.cancel()
	<-r.ended
}

var processorNames = []string{"players", "matchmaking", "games"}

func startProcessors(t *testing.T, cfg kafka.Config) []*running {
	t.Helper()
	var all []*running
	for _, name := range processorNames {
		all = append(all, startProcessor(t, cfg, name))
	}
	for _, r := range all {
		r.waitReady()
	}
	return all
}
