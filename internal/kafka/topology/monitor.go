package topology

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// Monitor keeps a snapshot of topology for a process that serves requests, and
// tells whether the topics that it uses are those of topology. It implements
// kafka.Counts for the process's producer.
type Monitor struct {
	cfg    kafka.Config
	topics []string
	state  atomic.Pointer[state]
}

type state struct {
	Snapshot
	err error // why the snapshot must not be used
}

// NewMonitor makes a monitor of the topics that a process reads and writes. Run
// starts it.
func NewMonitor(cfg kafka.Config, topics ...string) *Monitor {
	m := &Monitor{cfg: cfg, topics: topics}
	m.state.Store(&state{err: errors.New("topology is not read yet")})
	return m
}

// Run reads topology and follows it until ctx is done. It waits out a broker that is
// away, with the snapshot that it has. It returns an ErrMismatch, and may be called
// again then.
func (m *Monitor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := m.follow(ctx)
		if errors.Is(err, ErrMismatch) {
			m.state.Store(&state{err: err})
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

func (m *Monitor) follow(ctx context.Context) error {
	client, err := kgo.NewClient(m.cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("follow topology: %w", err)
	}
	defer client.Close()
	snapshot, err := ReadChecked(ctx, client, m.topics...)
	if err != nil {
		return err
	}
	m.state.Store(&state{Snapshot: snapshot})
	return snapshot.Watch(ctx, client, func(now Snapshot) { m.state.Store(&state{Snapshot: now}) }, m.topics...)
}

// ReadChecked is Read followed by Check, within 15 seconds.
func ReadChecked(ctx context.Context, client *kgo.Client, topics ...string) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	s, err := Read(ctx, client)
	if err == nil {
		err = s.Check(ctx, client, topics...)
	}
	return s, err
}

// Ready returns nil while the topics are those of topology.
func (m *Monitor) Ready() error { return m.state.Load().err }

// Partitions implements kafka.Counts.
func (m *Monitor) Partitions(topic string) (int32, error) {
	s := m.state.Load()
	if s.err != nil {
		return 0, s.err
	}
	return s.Snapshot.Partitions(topic)
}
