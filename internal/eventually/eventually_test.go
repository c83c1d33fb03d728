package eventually

import (
	"errors"
	"testing"
	"time"
)

func TestTrueReturnsOnceTheConditionHolds(t *testing.T) {
	t.Parallel()
	calls := 0
	True(t, "third call", func() bool { calls++; return calls == 3 })
	if calls != 3 {
		t.Fatalf("%d calls, want 3", calls)
	}
}

func TestNoErrorReturnsOnceAnAttemptSucceeds(t *testing.T) {
	t.Parallel()
	calls := 0
	NoError(t, "third call", func() error {
		if calls++; calls < 3 {
			return errors.New("too early")
		}
		return nil
	})
	if calls != 3 {
		t.Fatalf("%d calls, want 3", calls)
	}
}

func TestPollStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	if poll(20*time.Millisecond, func() bool { return false }) {
		t.Fatal("poll reports that the condition held")
	}
}
