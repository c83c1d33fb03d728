package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/readiness"
	"tabiya/internal/retry"
	"tabiya/sinks/consumer"
)

// Sink archives topics in one format.
type Sink struct {
	cfg       settings
	format    Format
	metrics   *archiveMetrics
	lag       *kafka.Lag
	events    *kafka.EventsCheck
	running   atomic.Pointer[run] // for tests
	readiness *readiness.Status
}

// settings are a Config plus values that tests override.
type settings struct {
	Config
	hooks hooks
	// recheckAfter is how long an extrapolated broker clock is trusted.
	recheckAfter time.Duration
}

// hooks let a test stop a sink at a given step, as a kill would.
type hooks struct {
	uploaded    func(Chunk) error // after a chunk's files, before its progress
	archived    func(Chunk)       // after a chunk's progress
	idleChecked func()            // after the broker's clock was read and acted on
}

// New creates a sink. It does nothing before Run.
func New(cfg Config, format Format) (*Sink, error) {
	cfg = cfg.withDefaults(format.Name())
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("sink", format.Name())
	lag := kafka.NewLag(cfg.Kafka, cfg.Group, cfg.Logger)
	m, err := newMetrics(cfg.Registerer, format.Name(), lag)
	if err != nil {
		return nil, err
	}
	noHooks := hooks{uploaded: func(Chunk) error { return nil }, archived: func(Chunk) {}, idleChecked: func() {}}
	return &Sink{
		cfg: settings{cfg, noHooks, 30 * time.Second}, format: format, metrics: m, lag: lag, events: kafka.NewEventsCheck(cfg.Logger, cfg.Topics...),
		readiness: readiness.New("sink "+format.Name(), cfg.Kafka.Session()),
	}, nil
}

// Run archives until ctx ends or an error occurs that is not temporary. It may be
// called again afterwards, and continues from the stored progress.
func (s *Sink) Run(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.TempDir, 0o700); err != nil {
		return fmt.Errorf("create folder for spill files: %w", err)
	}
	producer, err := kafka.NewProducer(s.cfg.Kafka)
	if err != nil {
		return err
	}
	defer producer.Close()
	group, ctx := errgroup.WithContext(ctx)
	r := &run{
		cfg: s.cfg, metrics: s.metrics, producer: producer, ctx: ctx,
		store: retry.New("object store", s.cfg.Logger, func(err error) bool {
			return errors.Is(err, objstore.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
		}),
		kafka: retry.New("kafka", s.cfg.Logger, func(err error) bool {
			return !errors.Is(err, kafka.ErrTooLarge) && consumer.Temporary(err)
		}),
		writers:  make(map[topicPartition]*partitionWriter),
		encoders: make(chan Encoder, s.cfg.Encoders),
		failed:   make(chan error, 1),
		idle:     idleCheck{results: make(chan brokerState, 1)},
	}
	for range s.cfg.Encoders {
		encoder, err := s.format.NewEncoder()
		if err != nil {
			return fmt.Errorf("create encoder: %w", err)
		}
		r.encoders <- encoder
	}
	r.consumer = consumer.New(consumer.Config{
		Kafka: s.cfg.Kafka, Group: s.cfg.Group, Topics: s.cfg.Topics, Events: s.events, Broker: r.kafka, Lag: s.lag, Logger: s.cfg.Logger,
		FetchWait: 250 * time.Millisecond,
		OnAssigned: func(ctx context.Context, topic string, partition int32) (int64, bool, error) {
			return r.assigned(ctx, s.format.Name(), topic, partition)
		},
		OnRevoked: r.revoked,
	})
	s.running.Store(r)
	defer s.running.Store(nil)
	group.Go(func() error { s.readiness.Watch(ctx, r.consumer.Ready); return nil })
	group.Go(func() error { return s.lag.Run(ctx) })
	group.Go(func() error {
		defer r.stop()
		if err := r.consumer.Join(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		group.Go(func() error { return r.consumer.WatchTopology(ctx) })
		return r.loop(ctx)
	})
	return group.Wait()
}

// Ready returns what a running sink waits for: its membership of the group, or Kafka.
// What lasts no longer than the session timeout does not count. An outage of the object
// store does not count either, since neither a restart nor a reroute mends it: the
// sink keeps chunks on disk, and its lag tells.
func (s *Sink) Ready() error { return s.readiness.Err() }
