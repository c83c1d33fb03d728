// Package supervise keeps the long-lived parts of a process running. A part that ends
// is restarted after a pause that grows. It is not ready meanwhile, except for
// Part.RestartGrace.
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

// Part is a long-lived part of a process.
type Part struct {
	Name string
	// Run runs the part until ctx ends. It is called again after it has returned.
	Run func(ctx context.Context) error
	// Ready returns what a running part still waits for. A part without it is ready
	// as soon as it runs.
	Ready func() error
	// RestartGrace is how long a part that was ready stays so after Run has failed:
	// until it has restarted, its failure takes the process out of rotation only if it
	// lasts. 0 suits a part that serves clients.
	RestartGrace time.Duration
}

// Backoff is the pause before a part is restarted: Min, doubled at each failure up to
// Max. It starts at Min again after the part has run for Max.
type Backoff struct {
	Min, Max time.Duration
}

// DefaultBackoff restarts a failed part within 15 seconds.
var DefaultBackoff = Backoff{Min: 250 * time.Millisecond, Max: 15 * time.Second}

// Supervisor runs parts.
type Supervisor struct {
	logger  *slog.Logger
	backoff Backoff
	parts   []*supervised
}

type supervised struct {
	Part
	// notRunning is why the part does not run; nil while it runs.
	notRunning atomic.Pointer[error]
	// wasReady is whether ready returned nil when it was last called.
	wasReady atomic.Bool
	// readyUntil is the end of RestartGrace after a failure of a ready part; nil if the
	// part has been ready since.
	readyUntil atomic.Pointer[time.Time]
}

var (
	errNotStarted = errors.New("not started yet")
	errEnded      = errors.New("ended without an error")
)

// New creates a supervisor. No part runs before Run.
func New(logger *slog.Logger, backoff Backoff, parts ...Part) *Supervisor {
	s := &Supervisor{logger: logger, backoff: backoff}
	for _, part := range parts {
		p := &supervised{Part: part}
		p.notRunning.Store(&errNotStarted)
		s.parts = append(s.parts, p)
	}
	return s
}

// Run runs every part until ctx ends, then waits for all of them.
func (s *Supervisor) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, part := range s.parts {
		running.Go(func() { s.runPart(ctx, part) })
	}
	running.Wait()
}

// Ready calls f with each part's name and a function that returns what the part still
// waits for, or nil if it is ready.
func (s *Supervisor) Ready(f func(name string, ready func() error)) {
	for _, part := range s.parts {
		f(part.Name, part.ready)
	}
}

func (p *supervised) ready() error {
	err := p.strictlyReady()
	if err == nil {
		p.readyUntil.Store(nil)
	} else if until := p.readyUntil.Load(); until != nil && time.Now().Before(*until) {
		err = nil
	}
	p.wasReady.Store(err == nil)
	return err
}

// failed starts RestartGrace if the part was ready.
func (p *supervised) failed(reason error) {
	if p.wasReady.Load() {
		until := time.Now().Add(p.RestartGrace)
		p.readyUntil.CompareAndSwap(nil, &until) // a second failure does not extend it
	}
	p.notRunning.Store(&reason)
}

// strictlyReady is ready without RestartGrace.
func (p *supervised) strictlyReady() error {
	if reason := p.notRunning.Load(); reason != nil {
		return *reason
	}
	if p.Part.Ready == nil {
		return nil
	}
	return p.Part.Ready()
}

func (s *Supervisor) runPart(ctx context.Context, part *supervised) {
	logger := s.logger.With("part", part.Name)
	pause, lastLogged := s.backoff.Min, ""
	for ctx.Err() == nil {
		start := time.Now()
		part.notRunning.Store(nil)
		err := part.Run(ctx)
		if ctx.Err() != nil {
			part.stopped(logger, err)
			return
		}
		if err == nil {
			err = errEnded
		}
		if time.Since(start) >= s.backoff.Max {
			pause, lastLogged = s.backoff.Min, ""
		}
		wait := pause/2 + rand.N(pause/2+1) // so that parts that failed together do not restart together
		pause = min(2*pause, s.backoff.Max)
		part.failed(fmt.Errorf("failed, restarting: %w", err))
		if lastLogged == err.Error() {
			logger.Debug("part failed with the same error, restarting", "err", err, "after", wait)
		} else {
			logger.Error("part failed, restarting", "err", err, "after", wait)
		}
		lastLogged = err.Error()
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	part.stopped(logger, nil)
}

func (p *supervised) stopped(logger *slog.Logger, err error) {
	reason := errors.New("stopped")
	p.notRunning.Store(&reason)
	if err != nil && !errors.Is(err, context.Canceled) {
		logger.Error("part stopped with an error", "err", err)
		return
	}
	logger.Debug("part stopped")
}
