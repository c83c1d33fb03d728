package supervise_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"tabiya/internal/supervise"
)

var (
	quick   = supervise.Backoff{Min: time.Millisecond, Max: 4 * time.Millisecond}
	discard = slog.New(slog.DiscardHandler)
)

// errorSignal is a log handler that signals each logged error.
type errorSignal chan struct{}

func (errorSignal) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (s errorSignal) Handle(context.Context, slog.Record) error      { s <- struct{}{}; return nil }
func (s errorSignal) WithAttrs([]slog.Attr) slog.Handler             { return s }
func (s errorSignal) WithGroup(string) slog.Handler                  { return s }

func readiness(s *supervise.Supervisor) map[string]error {
	all := map[string]error{}
	s.Ready(func(name string, ready func() error) { all[name] = ready() })
	return all
}

func TestPartThatEndsIsRestartedWhileOthersKeepRunning(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := errors.New("broken")
	runs, steady := make(chan int), 0
	n := 0
	s := supervise.New(discard, quick,
		supervise.Part{Name: "steady", Run: func(ctx context.Context) error { steady++; <-ctx.Done(); return ctx.Err() }},
		supervise.Part{Name: "flaky", Run: func(ctx context.Context) error {
			n++
			select {
			case runs <- n:
			case <-ctx.Done():
			}
			if n%2 == 0 {
				return nil // ending without an error is a failure too
			}
			return broken
		}},
	)
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	for want := 1; want <= 8; want++ {
		if got := <-runs; got != want {
			t.Fatalf("run %d, want %d", got, want)
		}
	}
	cancel()
	<-done
	if steady != 1 {
		t.Errorf("the steady part was started %d times", steady)
	}
}

func TestRepeatedFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	logged := make(errorSignal, 100)
	n := 0
	s := supervise.New(slog.New(logged), supervise.Backoff{Min: time.Millisecond, Max: 2 * time.Millisecond},
		supervise.Part{Name: "a", Run: func(context.Context) error {
			if n++; n == 20 {
				cancel()
				return nil
			}
			if n < 10 {
				return errors.New("unavailable")
			}
			return errors.New("broken")
		}},
	)
	s.Run(ctx)
	if n != 20 || len(logged) != 2 {
		t.Errorf("%d failures were logged %d times, want 2", n-1, len(logged))
	}
}

func TestPartIsReadyOnlyWhileItRuns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	recovering := errors.New("recovering")
	fail := make(chan error)
	started := make(chan struct{}, 8)
	logged := make(errorSignal, 8)
	s := supervise.New(slog.New(logged), supervise.Backoff{Min: time.Hour, Max: time.Hour},
		supervise.Part{Name: "a", Run: func(ctx context.Context) error {
			started <- struct{}{}
			return <-fail
		}},
		supervise.Part{Name: "b", Run: func(ctx context.Context) error { started <- struct{}{}; <-ctx.Done(); return nil }, Ready: func() error { return recovering }},
	)
	if got := readiness(s); got["a"] == nil || got["b"] == nil {
		t.Errorf("before Run: %v, nothing may be ready", got)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	<-started
	<-started
	if got := readiness(s); got["a"] != nil || !errors.Is(got["b"], recovering) {
		t.Errorf("running: %v", got)
	}
	broken := errors.New("broken")
	fail <- broken
	<-logged
	if got := readiness(s)["a"]; !errors.Is(got, broken) {
		t.Errorf("failed: got %v, want the failure", got)
	}
	cancel()
	<-done
	if got := readiness(s); got["a"] == nil || got["b"] == nil {
		t.Errorf("stopped: %v, nothing may be ready", got)
	}
}

func TestPartWithRestartGraceStaysReadyUntilItsFailureLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const grace = 10 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		fail := make(chan struct{})
		s := supervise.New(discard, supervise.Backoff{Min: time.Second, Max: time.Second},
			supervise.Part{Name: "a", RestartGrace: grace, Run: func(ctx context.Context) error {
				select {
				case <-fail:
					return errors.New("unavailable")
				case <-ctx.Done():
					return ctx.Err()
				}
			}})
		want := func(ready bool) {
			t.Helper()
			synctest.Wait()
			s.Ready(func(_ string, check func() error) {
				if err := check(); (err == nil) != ready {
					t.Errorf("ready: %v, want %v", err, ready)
				}
			})
		}
		want(false) // not started
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		want(true)
		fail <- struct{}{}
		want(true) // restarting
		time.Sleep(2 * time.Second)
		want(true) // restarted
		close(fail)
		time.Sleep(grace - time.Second)
		want(true)
		time.Sleep(2 * time.Second)
		want(false)
		cancel()
		<-done
	})
}
