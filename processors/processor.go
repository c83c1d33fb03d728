// Package processors is the one shape of Tabiya's three Goka groups: decode a
// command, judge it once, set the row, emit what follows.
//
//	commands ──► handle ──► Core.Decide ──► row ──► table topic
//	   ▲            │                        └────► events, commands, replies
//	   │            └─ cannot be decoded ─────────► dead letters
//	   └── timers ◄─ Core.Deadline of each row
//
// What is not obvious:
//
//   - A row keeps the offset of the last command that changed it. A command at
//     or below it comes again after a crash and is never judged again.
//   - After an assignment, events that are in the log already are not written a
//     second time (fence.go).
//   - A recovery never takes a lower version for a higher one (partition.go).
//   - Timers fire by this machine's clock, corrected by what the broker's
//     timestamps teach; the Core judges them by broker time alone (wheel.go).
package processors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/internal/readiness"
	"tabiya/schemas"
	"tabiya/tables"
)

// Core is an aggregate's pure logic. R is the row, a pointer; nil is no row.
// Its methods are called by several goroutines, one a partition.
type Core[R tables.Row] interface {
	// Decide judges cmd, which was never judged before, against row at broker
	// time at. next is the row to store if changed (the zero R deletes it); out
	// are the messages in their order. row is decoded for this call alone and
	// may become next.
	Decide(row R, cmd schemas.Command, at schemas.Time, offset int64) (next R, changed bool, out []schemas.Message)
	// Replay gives the messages that cmd, at or below the row's last offset,
	// caused when it was judged, byte for byte.
	Replay(row R, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message
	// Deadline says when the row wants which command next. afterCommit holds it
	// back until the row's last command is committed. cmd is called when the time
	// has come, which is seldom: a move sets the timer anew. Its id must be
	// deterministic (schemas.DerivedID). It must not hold on to the row.
	Deadline(key string, row R) (at schemas.Time, cmd func() schemas.Command, afterCommit bool, ok bool)
}

// Config is what every processor needs.
type Config struct {
	Kafka      kafka.Config
	Logger     *slog.Logger          // nil: no logs
	Registerer prometheus.Registerer // nil: no metrics
	// MaxInFlight bounds the commands of a partition that are handed out and not
	// done: what they led to is not acknowledged. So many at most come again
	// after a crash before they are committed. 0: no bound.
	MaxInFlight int
}

// Validate reports the first thing that cannot work.
func (c Config) Validate() error {
	if err := c.Kafka.Validate(); err != nil {
		return fmt.Errorf("processor: %w", err)
	}
	return nil
}

// What ends Run: waiting does not mend it.
var (
	// ErrWrongPartition: a key is on a partition that its hash does not give.
	// Somebody produces with another hash, and would split aggregates in two.
	ErrWrongPartition = errors.New("key on the wrong partition")
	// ErrCorruptRow: the table holds bytes that are not a row.
	ErrCorruptRow = errors.New("corrupt row")
)

// Processor runs one group's share of the partitions.
type Processor[R tables.Row] struct {
	cfg     Config
	table   tables.Table[R]
	core    Core[R]
	logger  *slog.Logger
	metrics *metrics
	lag     *kafka.Lag
	// clients send these commands themselves; those of queues come from the
	// players processor, which does not send a refused one again.
	clients bool

	session atomic.Pointer[session[R]] // the present one
	broken  atomic.Pointer[error]      // why there is none
	working *readiness.Dependency
}

// New makes a processor; Run starts it.
func New[R tables.Row](cfg Config, table tables.Table[R], core Core[R]) (*Processor[R], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Processor[R]{
		cfg:     cfg,
		table:   table,
		core:    core,
		logger:  cfg.Logger.With("group", table.Group),
		clients: table.Commands != schemas.QueueCommands,
		lag:     kafka.NewLag(cfg.Kafka, table.Group, cfg.Logger),
		working: readiness.New("processor "+table.Group, cfg.Kafka.Session()),
	}
	var err error
	if p.metrics, err = newMetrics(cfg.Registerer, table.Group, p.lag); err != nil {
		return nil, fmt.Errorf("processor %s: register metrics: %w", table.Group, err)
	}
	notYet := errors.New("not started")
	p.broken.Store(&notYet)
	return p, nil
}

// Ready is nil once the processor is a member of its group, its tables are
// recovered and a broker answers; else it says what is missing. A rebalance, a
// session that starts again and a broker that is away count only when they last
// longer than the group waits for a silent member.
func (p *Processor[R]) Ready() error { return p.working.Err() }

// check is nil while commands are processed.
func (p *Processor[R]) check(ctx context.Context) error {
	s := p.session.Load()
	if s == nil {
		return *p.broken.Load()
	}
	if !s.goka.Recovered() {
		return errors.New("joining the group or recovering its table")
	}
	if err := s.client.Ping(ctx); err != nil {
		return fmt.Errorf("ping kafka: %w", err)
	}
	return nil
}

// Run makes a processor and runs it.
func Run[R tables.Row](ctx context.Context, cfg Config, table tables.Table[R], core Core[R]) error {
	p, err := New(cfg, table, core)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}
