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

var errAway = errors.New("away")

func TestNotReadyBeforeFirstSuccess(t *testing.T) {
	t.Parallel()
	d := New("kafka", 0)
	if d.Err() == nil {
		t.Error("ready before the first check")
	}
	d.Saw(errAway)
	if !errors.Is(d.Err(), errAway) {
		t.Errorf("got %v", d.Err())
	}
	d.Saw(nil)
	if err := d.Err(); err != nil {
		t.Error(err)
	}
}

func TestReadyThroughShortOutageOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New("kafka", 0)
		d.Saw(nil)
		for range 2 { // the second outage has its own patience
			d.Saw(errAway)
			time.Sleep(Patience - 1)
			d.Saw(errAway)
			if err := d.Err(); err != nil {
				t.Errorf("not ready before the patience is over: %v", err)
			}
			d.Saw(nil)
		}
		d.Saw(errAway)
		time.Sleep(Patience)
		if !errors.Is(d.Err(), errAway) {
			t.Errorf("after the patience: %v", d.Err())
		}
		d.Saw(nil)
		if err := d.Err(); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

func TestWatchTellsMissedAnswerFromOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, ctx := New("kafka", 0), t.Context()
		var delay atomic.Int64
		go d.Watch(ctx, func(ctx context.Context) error {
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
			if got := d.Err() == nil; got != want {
				t.Errorf("ready %v, want %v: %v", got, want, d.Err())
			}
		}
		ready(true)
		delay.Store(int64(time.Minute))
		time.Sleep(Patience)
		ready(true)
		time.Sleep(3 * time.Second)
		ready(false)
		delay.Store(0)
		time.Sleep(3 * time.Second)
		ready(true)
	})
}

func TestWatchDoesNotWaitForCheckThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New("kafka", 0)
		hang := make(chan struct{})
		defer close(hang)
		go d.Watch(t.Context(), func(context.Context) error {
			<-hang
			return nil
		})
		time.Sleep(2 * checkTimeout)
		if err := d.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWatchStartsOverAndEndsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New("kafka", 0)
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			asked := false
			go d.Watch(ctx, func(context.Context) error {
				if !asked {
					asked = true
					return errAway
				}
				return nil
			})
			synctest.Wait()
			if !errors.Is(d.Err(), errAway) {
				t.Errorf("first check: %v", d.Err())
			}
			time.Sleep(firstChecks)
			synctest.Wait()
			if err := d.Err(); err != nil {
				t.Error(err)
			}
			cancel()
			synctest.Wait()
			if !errors.Is(d.Err(), errStopped) {
				t.Errorf("after the end: %v", d.Err())
			}
		}
	})
}

// On a busy machine the goroutine that waits for an answer may run after the one
// that brings it has ended.
func TestAnswerThatIsThereIsNeverTakenForCancellation(t *testing.T) {
	t.Parallel()
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for range 5_000 {
				if err := within(t.Context(), time.Minute, func(context.Context) error { return nil }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
}
