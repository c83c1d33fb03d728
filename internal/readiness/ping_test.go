package readiness

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPingReportsEachOutcomeUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		calls := 0
		var outcomes []error
		Ping(ctx, func(ctx context.Context) error {
			if calls++; calls == 2 {
				<-ctx.Done() // no answer
			}
			return ctx.Err()
		}, func(err error) { outcomes = append(outcomes, err) })
		if len(outcomes) < 3 || outcomes[0] != nil || !errors.Is(outcomes[1], context.DeadlineExceeded) || outcomes[2] != nil {
			t.Errorf("got %v", outcomes)
		}
	})
}
