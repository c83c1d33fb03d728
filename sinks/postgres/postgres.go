// Package postgres writes finished games into Postgres, exactly once: one row for
// each game in games, one for each of its players in player_games, and one in ratings
// for each rating that a game changed.
//
// It consumes game-events and takes only terminal events, each of which carries
// its whole game, and the rematch events behind them; of player-events it takes
// PlayerRated. So it needs no state and no join. Aborted games are rows too, with the result "*": players find every game
// that began in their history, and games has as many rows as the log has terminal
// events.
//
//	consumer ──► run.collect ──► batch (pending) ──► run.write: one transaction
//	                                                   moveOffsets, COPY, updateRows
//
// What is not obvious:
//
//   - The offset to continue from is in sink_offsets. The transaction of the rows
//     moves it, and only from the value that the sink expects. The transaction of a
//     second copy of the sink fails there, before it has written a row; that copy
//     then starts again from the stored offset.
//   - COPY has no ON CONFLICT. The check of the offsets makes it safe. A game that
//     the log ends twice (a stale processor can repeat an event) is caught by the
//     primary key, and only that batch is written by way of a stage table.
//   - The next batch grows while one is written. So batches are as large as the
//     backlog makes them, and a single game waits for FlushAfter at most.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tabiya/internal/kafka"
	"tabiya/internal/postgres"
	"tabiya/internal/readiness"
	"tabiya/internal/retry"
	"tabiya/schemas"
	"tabiya/sinks/consumer"
	"tabiya/sinks/metrics"
)

// Name is the sink's name, as in its group, its offsets and its metrics.
const Name = "postgres"

var topics = []string{schemas.GameEvents, schemas.PlayerEvents}

// Config configures the sink. Kafka, Pool and Logger are required.
type Config struct {
	Kafka kafka.Config
	Pool  *pgxpool.Pool
	// Group is the consumer group. Default "sink-postgres". The stored offsets do
	// not depend on it.
	Group string
	// MaxGames in a batch. Default 5,000.
	MaxGames int
	// MaxBytes of terminal events in a batch. Default 16 MiB.
	MaxBytes int
	// FlushAfter is how long a game waits for others at most. Default 50 ms.
	FlushAfter time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

func (c Config) withDefaults() Config {
	if c.Group == "" {
		c.Group = "sink-" + Name
	}
	if c.MaxGames == 0 {
		c.MaxGames = 5000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	if c.FlushAfter == 0 {
		c.FlushAfter = 50 * time.Millisecond
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Pool == nil:
		return errors.New("postgres sink: no pool")
	case c.Logger == nil:
		return errors.New("postgres sink: no logger")
	case c.MaxGames < 1 || c.MaxBytes < 1 || c.FlushAfter < 0:
		return errors.New("postgres sink: a batch's limits must be positive")
	}
	return c.Kafka.Validate()
}

// Sink writes finished games.
type Sink struct {
	cfg       Config
	hooks     hooks
	metrics   *metrics.Sink
	lag       *kafka.Lag
	events    *kafka.EventsCheck
	running   atomic.Pointer[run] // for tests
	readiness *readiness.Status
}

// hooks let a test stop a sink at a given step, as a kill would.
type hooks struct {
	begin     func()       // before a batch's first attempt
	copied    func() error // in the transaction, after the rows and before the commit
	committed func() error // after the commit
}

// New creates the sink. It does nothing before Run.
func New(cfg Config) (*Sink, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("sink", Name)
	lag := kafka.NewLag(cfg.Kafka, cfg.Group, cfg.Logger)
	m, err := metrics.New(cfg.Registerer, Name, lag)
	if err != nil {
		return nil, err
	}
	succeed := func() error { return nil }
	noHooks := hooks{begin: func() {}, copied: succeed, committed: succeed}
	return &Sink{
		cfg: cfg, hooks: noHooks, metrics: m, lag: lag, events: kafka.NewEventsCheck(cfg.Logger, topics...),
		readiness: readiness.New("sink "+Name, cfg.Kafka.Session()),
	}, nil
}

// Run writes until ctx ends or an error occurs that is not temporary. It may be
// called again afterwards, and continues from the stored offsets. It returns at once if
// the database role cannot create the partitions of the months to come.
func (s *Sink) Run(ctx context.Context) error {
	// An outage is waited for below, with the first batch.
	if err := postgres.CheckPartitionRights(ctx, s.cfg.Pool); errors.Is(err, postgres.ErrCannotPartition) {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	r := &run{
		cfg: s.cfg, hooks: s.hooks, metrics: s.metrics, ctx: ctx,
		database: retry.New("postgres", s.cfg.Logger, func(err error) bool {
			return errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
		}),
		kafka:     retry.New("kafka", s.cfg.Logger, consumer.Temporary),
		stored:    make(map[source]int64),
		months:    make(map[int64]bool),
		writeDone: make(chan error, 1),
	}
	r.consumer = consumer.New(consumer.Config{
		Kafka: s.cfg.Kafka, Group: s.cfg.Group, Topics: topics, Events: s.events, Broker: r.kafka, Lag: s.lag, Logger: s.cfg.Logger,
		FetchWait:  100 * time.Millisecond, // adds to FlushAfter until a game is in its players' history
		OnAssigned: r.assigned, OnRevoked: r.revoked,
	})
	s.running.Store(r)
	defer s.running.Store(nil)
	group.Go(func() error { s.readiness.Watch(ctx, r.consumer.Ready); return nil })
	group.Go(func() error { return s.lag.Run(ctx) })
	group.Go(func() error {
		defer r.consumer.Leave()
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
// What lasts no longer than the session timeout does not count. An outage of the
// database does not count either, since neither a restart nor a reroute mends it; the
// sink's lag tells.
func (s *Sink) Ready() error { return s.readiness.Err() }
