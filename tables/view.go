package tables

import (
	"context"
	"log/slog"

	"tabiya/internal/kafka"
)

// View is a read-only copy of a table in memory, for a service. Its methods may
// be called by many goroutines.
type View[R Row] struct {
	cfg    kafka.Config
	table  Table[R]
	logger *slog.Logger

	// OnUpdate, if set before Run, is called for each row that is taken, in the
	// order of its partition; the zero R says that the row is gone.
	OnUpdate func(key string, row R)
}

// NewView makes a view; Run fills it.
func NewView[R Row](cfg kafka.Config, table Table[R], logger *slog.Logger) *View[R] {
	return &View[R]{cfg: cfg, table: table, logger: logger}
}

// Run reads the table's topic until ctx is done.
func (v *View[R]) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Ready reports whether all has been read that was there when Run began.
func (v *View[R]) Ready() bool { return false }

// Get gives the row of a key.
func (v *View[R]) Get(key string) (row R, ok bool) { return row, false }

// WaitFor gives the row of a key, and waits for it until ctx is done.
func (v *View[R]) WaitFor(ctx context.Context, key string) (row R, ok bool) { return row, false }

// Len is the number of rows.
func (v *View[R]) Len() int { return 0 }

// Range calls fn for every row, in no order, until it returns false.
func (v *View[R]) Range(fn func(key string, row R) bool) {}
