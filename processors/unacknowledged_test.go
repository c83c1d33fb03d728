package processors

import (
	"testing"
	"time"
)

func TestRecordsThatAreAcknowledgedInTurnAreNotUnacknowledged(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var u unacknowledged
	waits := func(ms int, want bool) {
		t.Helper()
		if got := u.longerThan(time.Second, at(ms)); got != want {
			t.Errorf("after %d ms: %t, want %t", ms, got, want)
		}
	}
	waits(9000, false) // nothing was sent
	u.sent(at(10_000))
	u.sent(at(10_500))
	waits(10_900, false)
	waits(11_100, true)
	u.acknowledged(at(11_200)) // the next is on its way
	waits(12_100, false)
	waits(12_300, true)
	u.acknowledged(at(12_400))
	waits(20_000, false)
	u.sent(at(20_000)) // the pause before it does not count
	waits(20_900, false)
}
