package livegame

import (
	"testing"
	"testing/synctest"
	"time"

	"tabiya/internal/readiness"
)

func TestMissedPingRefusesCommandsAndStaysReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{kafka: readiness.New("kafka", 0)}
		if g.ready() == nil {
			t.Error("ready before it has caught up")
		}
		g.readAll()
		g.see(true)
		if err := g.ready(); g.shut() == "" || err != nil {
			t.Errorf("after a missed ping: shut %q, ready %v", g.shut(), err)
		}
		time.Sleep(readiness.Patience)
		if g.ready() == nil {
			t.Error("ready after a long outage")
		}
		g.see(false)
		if err := g.ready(); g.shut() != "" || err != nil {
			t.Errorf("after the outage: shut %q, ready %v", g.shut(), err)
		}
		g.leaving.Store(true)
		if g.ready() == nil {
			t.Error("ready while it drains")
		}
	})
}
