package availability

import (
	"testing"
	"testing/synctest"
	"time"

	"tabiya/internal/readiness"
)

func TestMissedPingRefusesCommandsAndStaysReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New(readiness.GracePeriod)
		if m.Ready() == nil {
			t.Error("ready before SetCaughtUp")
		}
		m.SetCaughtUp()
		m.setKafkaAway(true)
		if why, err := m.WhyNoCommands(), m.Ready(); why == "" || err != nil {
			t.Errorf("after a missed ping: refused because %q, ready %v", why, err)
		}
		time.Sleep(readiness.GracePeriod)
		if m.Ready() == nil {
			t.Error("ready after a long outage")
		}
		m.setKafkaAway(false)
		if why, err := m.WhyNoCommands(), m.Ready(); why != "" || err != nil {
			t.Errorf("after the outage: refused because %q, ready %v", why, err)
		}
		m.SetStopping()
		if m.Ready() == nil {
			t.Error("ready after SetStopping")
		}
	})
}
