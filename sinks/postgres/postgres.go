// Package postgres writes finished games into Postgres, one row a game and one a
// player in it, exactly once.
//
// It consumes game-events and takes from them the terminal events alone, each of
// which carries its whole game: there is no state and no join. Aborted games are
// rows too, with the result "*": a player finds each game that began in his
// history, and the table holds as many rows as the log has terminal events.
//
// What is not obvious:
//
//   - Where to go on is sink_offsets, moved in the transaction of the rows and
//     only from the value that the writer expects. A second copy's transaction
//     fails there, before it has written anything; it then starts again from
//     what is stored.
//   - COPY has no ON CONFLICT. The fence is what makes it safe; a game that the
//     log ends twice (a stale processor can repeat an event) is caught by the
//     primary key, and that batch alone goes by way of a stage table.
//   - While one batch is written the next one grows. So batches are as large as
//     the backlog makes them, and a single game waits for FlushAfter at most.
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
	"tabiya/schemas"
	"tabiya/sinks/intake"
	"tabiya/sinks/outage"
	"tabiya/sinks/tally"
)

// Name of the sink, in its group, its offsets and its metrics.
const Name = "postgres"

// Config of the sink. Kafka, Pool and Logger are needed.
type Config struct {
	Kafka kafka.Config
	Pool  *pgxpool.Pool
	// Group is the consumer group, "sink-postgres" by default. The stored offsets
	// do not depend on it.
	Group string
	// MaxGames in a batch; 5,000 by default.
	MaxGames int
	// MaxBytes of terminal events in a batch; 16 MiB by default.
	MaxBytes int
	// FlushAfter is how long a game waits for others at most; 50 ms by default.
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
		return errors.New("postgres sink: a batch's bounds must be positive")
	}
	return c.Kafka.Validate()
}

// Sink writes finished games.
type Sink struct {
	cfg     Config
	hooks   hooks
	metrics *tally.Tally
	lag     *kafka.Lag
	running atomic.Pointer[run]
	working *readiness.Dependency
}

// hooks are seams at which a test stops a sink as a kill would.
type hooks struct {
	begin     func()       // before a batch's first attempt
	copied    func() error // in the transaction, after the rows and before the commit
	committed func() error // after the commit
}

// New makes a sink; it does nothing before Run.
func New(cfg Config) (*Sink, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Logger = cfg.Logger.With("sink", Name)
	lag := kafka.NewLag(cfg.Kafka, cfg.Group, cfg.Logger)
	metrics, err := tally.New(cfg.Registerer, Name, lag)
	if err != nil {
		return nil, err
	}
	fine := func() error { return nil }
	none := hooks{begin: func() {}, copied: fine, committed: fine}
	return &Sink{cfg: cfg, hooks: none, metrics: metrics, lag: lag, working: readiness.New("sink "+Name, cfg.Kafka.Session())}, nil
}

// Run writes until ctx ends or something is wrong that waiting does not mend. It
// may be called again afterwards, and then goes on from the stored offsets.
func (s *Sink) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	r := &run{
		cfg: s.cfg, hooks: s.hooks, metrics: s.metrics, lag: s.lag, ctx: ctx,
		database: outage.New("postgres", s.cfg.Logger, func(err error) bool {
			return errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
		}),
		kafka:  outage.New("kafka", s.cfg.Logger, intake.Passes),
		lanes:  make(map[int32]*lane),
		months: make(map[int64]bool),
		done:   make(chan error, 1),
	}
	var err error
	r.intake, err = intake.Join(intake.Config{
		Kafka: s.cfg.Kafka, Group: s.cfg.Group, Topics: []string{schemas.GameEvents}, Logger: s.cfg.Logger, Watch: r.kafka, Lag: s.lag,
		Wait:  100 * time.Millisecond, // with FlushAfter: how old a game is when history has it
		Taken: r.taken, Lost: r.lost,
	})
	if err != nil {
		return err
	}
	s.running.Store(r)
	defer s.running.Store(nil)
	group.Go(func() error { s.working.Watch(ctx, r.check); return nil })
	group.Go(func() error { return s.lag.Run(ctx) })
	group.Go(func() error {
		defer r.intake.Leave()
		return r.loop(ctx)
	})
	return group.Wait()
}

// Ready says what the sink waits for: its place in the group, Kafka, or
// the database. What passes within the session time-out does not count.
func (s *Sink) Ready() error { return s.working.Err() }

// check is nil while records are read and written.
func (r *run) check(ctx context.Context) error {
	return errors.Join(r.intake.Ready(ctx), r.database.Err())
}
