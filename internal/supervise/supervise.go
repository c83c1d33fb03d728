// Package supervise keeps a process's long-lived parts running: one that ends
// is started again after a pause that grows, and is not ready meanwhile.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Part is anything that runs until its context ends.
type Part struct {
	Name string
	// Run may be called again after it has returned.
	Run func(ctx context.Context) error
	// Ready says what a running part still waits for; nil for a part that is
	// ready as soon as it runs.
	Ready func() error
}

// Backoff is the pause before a part is started again: First, doubled at each
// failure up to Most, from First again once the part has run for Most.
type Backoff struct {
	First, Most time.Duration
}

// DefaultBackoff starts a failed part again within a quarter of a minute.
var DefaultBackoff = Backoff{First: 250 * time.Millisecond, Most: 15 * time.Second}

// Supervisor runs parts.
type Supervisor struct {
	logger  *slog.Logger
	backoff Backoff
	parts   []*supervised
}

type supervised struct {
	Part
	// waiting is why the part does not run; nil while it does.
	waiting atomic.Pointer[error]
}

var (
	errNotStarted = errors.New("not started yet")
	errEnded      = errors.New("ended without being asked to")
)

// New makes a supervisor; nothing runs before Run.
func New(logger *slog.Logger, backoff Backoff, parts ...Part) *Supervisor {
	s := &Supervisor{logger: logger, backoff: backoff}
	for _, part := range parts {
		p := &supervised{Part: part}
		p.waiting.Store(&errNotStarted)
		s.parts = append(s.parts, p)
	}
	return s
}

// Run runs every part until ctx ends and then waits for all of them.
func (s *Supervisor) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, part := range s.parts {
		running.Go(func() { s.keep(ctx, part) })
	}
	running.Wait()
}

// Ready calls f with each part's name and what it waits for, nil if it is ready.
func (s *Supervisor) Ready(f func(name string, ready func() error)) {
	for _, part := range s.parts {
		f(part.Name, part.ready)
	}
}

func (p *supervised) ready() error {
	if why := p.waiting.Load(); why != nil {
		return *why
	}
	if p.Part.Ready == nil {
		return nil
	}
	return p.Part.Ready()
}

func (s *Supervisor) keep(ctx context.Context, part *supervised) {
	logger := s.logger.With("part", part.Name)
	pause, told := s.backoff.First, ""
	for ctx.Err() == nil {
		started := time.Now()
		part.waiting.Store(nil)
		err := part.Run(ctx)
		if ctx.Err() != nil {
			part.ended(logger, err)
			return
		}
		if err == nil {
			err = errEnded
		}
		if time.Since(started) >= s.backoff.Most {
			pause, told = s.backoff.First, ""
		}
		wait := pause/2 + rand.N(pause/2+1) // so that parts that failed together do not return together
		pause = min(2*pause, s.backoff.Most)
		why := fmt.Errorf("failed and starts again: %w", err)
		part.waiting.Store(&why)
		if told == err.Error() { // what it fails with again and again is said once
			logger.Debug("part failed again, starts again", "err", err, "after", wait)
		} else {
			logger.Error("part failed, starts again", "err", err, "after", wait)
		}
		told = err.Error()
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	part.ended(logger, nil)
}

func (p *supervised) ended(logger *slog.Logger, err error) {
	stopped := errors.New("stopped")
	p.waiting.Store(&stopped)
	if err != nil && !errors.Is(err, context.Canceled) {
		logger.Error("part stopped with an error", "err", err)
		return
	}
	logger.Debug("part stopped")
}
