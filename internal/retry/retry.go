// Package retry repeats calls to a dependency (Kafka, PostgreSQL, the object
// store) for as long as it is unavailable. It logs once when the dependency
// becomes unavailable and once when it is available again. For whether a failing
// dependency takes the process out of rotation, see package readiness.
package retry

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Pauses between attempts start at minPause and double up to maxPause.
const (
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
)

// Dependency is what a part of the program calls and may have to wait for. It
// is safe for concurrent use.
type Dependency struct {
	name      string
	logger    *slog.Logger
	temporary func(error) bool

	mu    sync.Mutex
	err   error // nil while available
	since time.Time
}

// New returns a Dependency that counts as available. temporary reports whether
// an error means that the dependency is unavailable and that the same call can
// succeed later.
func New(name string, logger *slog.Logger, temporary func(error) bool) *Dependency {
	return &Dependency{name: name, logger: logger, temporary: temporary}
}

// Err returns why the dependency is unavailable, or nil if it is available.
func (d *Dependency) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		return nil
	}
	return fmt.Errorf("%s is unavailable since %s: %w", d.name, d.since.UTC().Format(time.RFC3339), d.err)
}

// Observe records the outcome of a call that was made outside Do: a temporary
// error, or nil.
func (d *Dependency) Observe(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil && d.err == nil:
		d.since = time.Now()
		d.logger.Warn(d.name+" is unavailable, retrying", "err", err)
	case err == nil && d.err != nil:
		d.logger.Info(d.name+" is available again", "after", time.Since(d.since).Round(time.Millisecond))
	}
	d.err = err
}

// Do calls f until it succeeds. It returns the first error that is not temporary,
// or the cause of ctx's end.
func (d *Dependency) Do(ctx context.Context, f func(context.Context) error) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := f(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !d.temporary(err) {
			return err
		}
		if d.Observe(err); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}
