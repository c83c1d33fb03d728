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
	"tabiya/sinks/intake"
	"tabiya/sinks/outage"
)

// Sink archives topics in one format.
type Sink struct {
	cfg     settings
	format  Format
	metrics *metrics
	lag     *kafka.Lag
	running atomic.Pointer[run]
	working *readiness.Dependency
}

// settings are a config and what only tests change.
type settings struct {
	Config
	hooks hooks
	// doubt is how long the broker's clock is taken to go as ours does.
	doubt time.Duration
}

// hooks are seams at which a test stops a sink as a kill would.
type hooks struct {
	// uploaded is called after a chunk's files, before its progress.
	uploaded func(Chunk) error
	// archived is called after its progress.
	archived func(Chunk)
	// looked is called after the broker's clock was asked and acted on.
	looked func()
}

// New makes a sink; it does nothing before Run.
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
	none := hooks{uploaded: func(Chunk) error { return nil }, archived: func(Chunk) {}, looked: func() {}}
	return &Sink{cfg: settings{cfg, none, 30 * time.Second}, format: format, metrics: m, lag: lag, working: readiness.New("sink "+format.Name(), cfg.Kafka.Session())}, nil
}

// Run archives until ctx ends or something is wrong that waiting does not mend.
// It may be called again afterwards, and then goes on from the stored progress.
func (s *Sink) Run(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.TempDir, 0o700); err != nil {
		return fmt.Errorf("make folder for open chunks: %w", err)
	}
	producer, err := kafka.NewProducer(s.cfg.Kafka)
	if err != nil {
		return err
	}
	defer producer.Close()
	group, ctx := errgroup.WithContext(ctx)
	r := &run{
		cfg: s.cfg, metrics: s.metrics, lag: s.lag, producer: producer, ctx: ctx,
		store: outage.New("object store", s.cfg.Logger, func(err error) bool {
			return errors.Is(err, objstore.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
		}),
		kafka: outage.New("kafka", s.cfg.Logger, func(err error) bool {
			return !errors.Is(err, kafka.ErrTooLarge) && intake.Passes(err)
		}),
		lanes:    make(map[topicPartition]*lane),
		encoders: make(chan Encoder, s.cfg.Encoders),
		failed:   make(chan error, 1),
		looks:    looks{answers: make(chan look, 1)},
	}
	for range s.cfg.Encoders {
		encoder, err := s.format.NewEncoder()
		if err != nil {
			return fmt.Errorf("make encoder: %w", err)
		}
		r.encoders <- encoder
	}
	r.intake, err = intake.Join(intake.Config{
		Kafka: s.cfg.Kafka, Group: s.cfg.Group, Topics: s.cfg.Topics, Logger: s.cfg.Logger, Watch: r.kafka, Lag: s.lag,
		Wait: 250 * time.Millisecond,
		Taken: func(ctx context.Context, topic string, partition int32) (int64, bool, error) {
			return r.taken(ctx, s.format.Name(), topic, partition)
		},
		Lost: r.lost,
	})
	if err != nil {
		return err
	}
	s.running.Store(r)
	defer s.running.Store(nil)
	group.Go(func() error { s.working.Watch(ctx, r.check); return nil })
	group.Go(func() error { return s.lag.Run(ctx) })
	group.Go(func() error {
		defer r.end()
		return r.loop(ctx)
	})
	return group.Wait()
}

// Ready says what the sink waits for: its place in the group, Kafka, or
// the object store. What passes within the session time-out does not count.
func (s *Sink) Ready() error { return s.working.Err() }

// check is nil while records are read and written.
func (r *run) check(ctx context.Context) error {
	return errors.Join(r.intake.Ready(ctx), r.store.Err())
}
