// Package outage waits for a dependency that is away: it tries again, with a
// pause that grows, for as long as it takes. It logs once when the dependency
// goes and once when it is back.
package outage

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Pauses between attempts: from first, doubled up to most.
const (
	first = 100 * time.Millisecond
	most  = 5 * time.Second
)

// Watch is one dependency as a sink's goroutines see it.
type Watch struct {
	name   string
	logger *slog.Logger
	passes func(error) bool

	mu    sync.Mutex
	err   error
	since time.Time
}

// New watches a dependency; passes tells which errors mean that it is away and
// that the same call can succeed later.
func New(name string, logger *slog.Logger, passes func(error) bool) *Watch {
	return &Watch{name: name, logger: logger, passes: passes}
}

// Err is why the dependency counts as away, nil while it answers.
func (w *Watch) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return fmt.Errorf("%s is away since %s: %w", w.name, w.since.UTC().Format(time.RFC3339), w.err)
}

// Saw notes what a call to the dependency gave.
func (w *Watch) Saw(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil && w.err == nil:
		w.since = time.Now()
		w.logger.Warn(w.name+" is away, trying again", "err", err)
	case err == nil && w.err != nil:
		w.logger.Info(w.name+" is back", "after", time.Since(w.since).Round(time.Millisecond))
	}
	w.err = err
}

// Until calls f until it succeeds, fails with an error that does not pass by
// itself, or ctx ends; the last two are returned.
func (w *Watch) Until(ctx context.Context, f func(context.Context) error) error {
	for pause := first; ; pause = min(2*pause, most) {
		err := f(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !w.passes(err) {
			return err
		}
		if w.Saw(err); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}
