// Package readiness decides when a failing dependency takes a process out of
// rotation.
//
// Readiness and availability are different questions. Availability asks whether
// a request can be served now: a service that has just missed an answer from
// Kafka refuses commands at once with 503 and Retry-After, and accepts them again
// with the next answer. Readiness asks whether a restart, or traffic sent
// elsewhere, would help. One missed answer is no reason for either: a busy machine
// is late now and then, the other instances depend on the same broker, and an
// instance that leaves rotation loses its streams for nothing. So failures count
// only once they have lasted for a grace period.
//
// Package retry is the other one that records the outcomes of calls. A
// retry.Dependency repeats calls, counts as available until a call fails, and is
// unavailable from the first failure on. A Status repeats nothing, is not ready
// before the first success, and forgives failures for a while.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// GracePeriod is the default of how long checks must fail before a process that
// was ready is not. It is as long as a consumer group waits for a silent member by
// default.
const GracePeriod = 10 * time.Second

const (
	checkEvery    = time.Second
	firstInterval = 50 * time.Millisecond // between checks until the first success
	checkTimeout  = time.Second
)

var (
	errNotChecked = errors.New("not checked yet")
	errStopped    = errors.New("stopped")
)

// Status is whether a part of the program is ready, as far as one check of it
// tells. It is safe for concurrent use.
type Status struct {
	name  string
	grace time.Duration

	mu           sync.Mutex
	succeeded    bool
	err          error     // of the last check
	failingSince time.Time // the first of the failures in a row
}

// New returns a Status that is not ready before its first success. A grace of 0
// means GracePeriod.
func New(name string, grace time.Duration) *Status {
	if grace == 0 {
		grace = GracePeriod
	}
	return &Status{name: name, grace: grace, err: errNotChecked}
}

// Observe records the outcome of a check.
func (s *Status) Observe(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.succeeded = true
	} else if s.err == nil {
		s.failingSince = time.Now()
	}
	s.err = err
}

// Err returns nil if the last check succeeded, or if checks have failed for less
// than the grace period since the last success.
func (s *Status) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err == nil:
		return nil
	case !s.succeeded:
		return fmt.Errorf("%s: %w", s.name, s.err)
	case time.Since(s.failingSince) < s.grace:
		return nil
	}
	return fmt.Errorf("%s: failing since %s: %w", s.name, s.failingSince.UTC().Format(time.RFC3339), s.err)
}

// Watch calls check every second until ctx is done. A check that does not return
// within a second has failed. The status is not ready before the first success of
// this call, nor after its end.
func (s *Status) Watch(ctx context.Context, check func(context.Context) error) {
	s.reset(errNotChecked)
	defer s.reset(errStopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := callWithTimeout(ctx, checkTimeout, check)
		if ctx.Err() != nil {
			return
		}
		s.Observe(err)
		timer.Reset(s.interval())
	}
}

func (s *Status) interval() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.succeeded {
		return checkEvery
	}
	return firstInterval
}

func (s *Status) reset(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.succeeded, s.err = false, err
}

// callWithTimeout returns what check returns, or an error once the timeout has
// passed: a client may take longer to notice the end of its context.
//
// Only this function ends the context. If the goroutine ended it when check has
// returned, both channels would be ready, and select would return "context
// canceled" instead of the result half of the time.
func callWithTimeout(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- check(ctx) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s: %w", timeout, ctx.Err())
	}
}
