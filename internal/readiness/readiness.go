// Package readiness decides when a failing dependency takes a process out of
// rotation.
//
// Readiness and availability are different questions. Availability asks whether
// a request can be served now: a service that has just missed an answer from
// Kafka refuses commands at once with 503 and Retry-After, and accepts them again
// with the next answer. Readiness asks whether a restart, or traffic sent
// elsewhere, would help. For one missed answer it would not: a busy machine is
// late now and then, the other instances ask the same broker, and an instance
// that leaves rotation loses its streams for nothing. So a dependency counts
// only once it has failed for as long as its Patience.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Patience is how long a dependency fails before a process that was ready is not:
// as long as a consumer group waits for a silent member by default.
const Patience = 10 * time.Second

const (
	checkEvery   = time.Second
	firstChecks  = 50 * time.Millisecond // until the first success
	checkTimeout = time.Second
)

var (
	errNotChecked = errors.New("not checked yet")
	errStopped    = errors.New("stopped")
)

// Dependency is what a part needs to do its work. It is not ready before its
// first success. Its methods may be called by many goroutines.
type Dependency struct {
	name     string
	patience time.Duration

	mu        sync.Mutex
	succeeded bool
	err       error     // of the last check
	since     time.Time // of the first failure in a row
}

// New makes a dependency that has not been checked yet. A patience of 0 is
// Patience.
func New(name string, patience time.Duration) *Dependency {
	if patience == 0 {
		patience = Patience
	}
	return &Dependency{name: name, patience: patience, err: errNotChecked}
}

// Saw records the outcome of a check.
func (d *Dependency) Saw(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.succeeded = true
	} else if d.err == nil {
		d.since = time.Now()
	}
	d.err = err
}

// Err is nil if the last check succeeded, or if the checks began to fail less
// than the patience ago.
func (d *Dependency) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err == nil:
		return nil
	case !d.succeeded:
		return fmt.Errorf("%s: %w", d.name, d.err)
	case time.Since(d.since) < d.patience:
		return nil
	}
	return fmt.Errorf("%s: failing since %s: %w", d.name, d.since.UTC().Format(time.RFC3339), d.err)
}

// Watch calls check every second until ctx ends. A check that does not return
// within a second has failed. The dependency is not ready before the first
// success of this call, nor after its end.
func (d *Dependency) Watch(ctx context.Context, check func(context.Context) error) {
	d.reset(errNotChecked)
	defer d.reset(errStopped)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		err := within(ctx, checkTimeout, check)
		if ctx.Err() != nil {
			return
		}
		d.Saw(err)
		pause.Reset(d.pause())
	}
}

func (d *Dependency) pause() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.succeeded {
		return checkEvery
	}
	return firstChecks
}

func (d *Dependency) reset(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.succeeded, d.err = false, err
}

// within returns what check returns, or an error once limit has passed: a client
// may notice the end of its context late.
//
// Only this function ends the context. If the goroutine did so when it has its
// answer, both channels would be ready, and an answer would be read as "context
// canceled" half of the time.
func within(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- check(ctx) }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s: %w", limit, ctx.Err())
	}
}
