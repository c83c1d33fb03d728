package processors_test

import (
	"context"
	"sync"
	"testing"
	"time"
)

func TestRebalanceDoesNotTakeMemberOutOfRotation(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	m := r.start()
	ctx, stop := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() {
		for tick := time.NewTicker(time.Millisecond); ctx.Err() == nil; <-tick.C {
			if err := m.Ready(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	other := r.start()
	if err := other.stop(); err != nil {
		t.Error(err)
	}
	stop()
	polling.Wait()
}
