package retry

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

var (
	errTemporary = errors.New("temporary")
	errPermanent = errors.New("permanent")
)

func newDependency(log *strings.Builder) *Dependency {
	logger := slog.New(slog.NewTextHandler(log, nil))
	return New("the store", logger, func(err error) bool { return errors.Is(err, errTemporary) })
}

func TestDoRetriesTemporaryErrorsAndLogsTheOutageOnce(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := newDependency(&log)
	calls := 0
	err := d.Do(t.Context(), func(context.Context) error {
		if calls++; calls < 3 {
			return errTemporary
		}
		if d.Err() == nil {
			t.Error("Err is nil during the outage")
		}
		return nil
	})
	if err != nil || calls != 3 || d.Err() != nil {
		t.Fatalf("err %v after %d calls, Err %v", err, calls, d.Err())
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Fatalf("%d log lines, want one for each end of the outage:\n%s", lines, log.String())
	}
}

func TestDoReturnsAPermanentErrorAtOnce(t *testing.T) {
	t.Parallel()
	d := newDependency(new(strings.Builder))
	err := d.Do(t.Context(), func(context.Context) error { return errPermanent })
	if !errors.Is(err, errPermanent) || d.Err() != nil {
		t.Fatalf("err %v, Err %v", err, d.Err())
	}
}

func TestDoReturnsTheCauseOfTheContextsEnd(t *testing.T) {
	t.Parallel()
	d := newDependency(new(strings.Builder))
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	err := d.Do(ctx, func(context.Context) error { cancel(stopped); return errTemporary })
	if !errors.Is(err, stopped) {
		t.Fatalf("got %v", err)
	}
}
