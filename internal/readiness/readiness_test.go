package readiness

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errUnreachable = errors.New("unreachable")

func TestNotReadyBeforeFirstSuccess(t *testing.T) {
	t.Parallel()
	s := New("kafka", 0)
	if s.Err() == nil {
		t.Error("ready before the first check")
	}
	s.Observe(errUnreachable)
	if !errors.Is(s.Err(), errUnreachable) {
		t.Errorf("got %v", s.Err())
	}
	s.Observe(nil)
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

func TestReadyDuringShortOutageAndNotDuringLongOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New("kafka", 0)
		s.Observe(nil)
		for range 2 { // the second outage has its own grace period
			s.Observe(errUnreachable)
			time.Sleep(GracePeriod - 1)
			s.Observe(errUnreachable)
			if err := s.Err(); err != nil {
				t.Errorf("not ready within the grace period: %v", err)
			}
			s.Observe(nil)
		}
		s.Observe(errUnreachable)
		time.Sleep(GracePeriod)
		if !errors.Is(s.Err(), errUnreachable) {
			t.Errorf("after the grace period: %v", s.Err())
		}
		s.Observe(nil)
		if err := s.Err(); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

func TestWatchForgivesMissedAnswersUntilTheGracePeriodEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, ctx := New("kafka", 0), t.Context()
		var delay atomic.Int64
		go s.Watch(ctx, func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(delay.Load())):
				return nil
			}
		})
		ready := func(want bool) {
			t.Helper()
			synctest.Wait()
			if got := s.Err() == nil; got != want {
				t.Errorf("ready %v, want %v: %v", got, want, s.Err())
			}
		}
		ready(true)
		delay.Store(int64(time.Minute))
		time.Sleep(GracePeriod)
		ready(true)
		time.Sleep(3 * time.Second)
		ready(false)
		delay.Store(0)
		time.Sleep(3 * time.Second)
		ready(true)
	})
}

func TestWatchDoesNotWaitForACheckThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New("kafka", 0)
		hang := make(chan struct{})
		defer close(hang)
		go s.Watch(t.Context(), func(context.Context) error {
			<-hang
			return nil
		})
		time.Sleep(2 * checkTimeout)
		if err := s.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNotReadyBeforeWatchSucceedsNorAfterItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New("kafka", 0)
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			checked := false
			go s.Watch(ctx, func(context.Context) error {
				if !checked {
					checked = true
					return errUnreachable
				}
				return nil
			})
			synctest.Wait()
			if !errors.Is(s.Err(), errUnreachable) {
				t.Errorf("first check: %v", s.Err())
			}
			time.Sleep(firstInterval)
			synctest.Wait()
			if err := s.Err(); err != nil {
				t.Error(err)
			}
			cancel()
			synctest.Wait()
			if !errors.Is(s.Err(), errStopped) {
				t.Errorf("after the end: %v", s.Err())
			}
		}
	})
}

// On a busy machine the goroutine that waits for the result may run only after the
// one that calls check has ended.
func TestResultIsNotMistakenForCancellation(t *testing.T) {
	t.Parallel()
	var calling sync.WaitGroup
	for range 8 {
		calling.Go(func() {
			for range 5_000 {
				if err := callWithTimeout(t.Context(), time.Minute, func(context.Context) error { return nil }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	calling.Wait()
}
