package wsconn

import (
	"errors"
	"testing"
	"time"
)

func TestRoundTripIsSmoothedAndAMovesLagIsTheLesser(t *testing.T) {
	t.Parallel()
	var l roundTrip
	now := time.Now()
	if cs, ok := l.cs(); ok || cs != 0 || l.ofMove(nil) != 0 {
		t.Errorf("before the first pong: %d %t", cs, ok)
	}
	trip := func(took time.Duration) {
		payload := l.ping(now)
		now = now.Add(took)
		l.pong(payload[:], now)
		l.pong(payload[:], now.Add(time.Hour)) // a repeated pong is ignored
	}
	trip(100 * time.Millisecond)
	if cs, ok := l.cs(); !ok || cs != 10 {
		t.Errorf("the first sample: %d %t", cs, ok)
	}
	trip(500 * time.Millisecond)
	if cs, _ := l.cs(); cs != 20 {
		t.Errorf("smoothed: %d", cs)
	}
	// The second pong may have been held back: no more than the shortest counts.
	for stated, want := range map[int64]int64{0: 0, 7: 7, 10: 10, 1 << 40: 10} {
		if got := l.ofMove(&stated); got != want {
			t.Errorf("stated %d: %d, want %d", stated, got, want)
		}
	}
	if got := l.ofMove(nil); got != 10 {
		t.Errorf("nothing stated: %d", got)
	}
	l.setKernel(35 * time.Millisecond)
	if got := l.ofMove(nil); got != 3 {
		t.Errorf("beyond what the kernel measures: %d", got)
	}
	l.setKernel(time.Hour)
	if got := l.ofMove(nil); got != 10 {
		t.Errorf("the kernel measures more: %d", got)
	}
	old := l.ping(now)
	l.ping(now)
	l.pong(old[:], now.Add(time.Minute))
	l.pong([]byte("made up"), now.Add(time.Minute))
	l.pong(nil, now.Add(time.Minute))
	if cs, _ := l.cs(); cs != 20 || l.unanswered(now.Add(time.Second)) != time.Second {
		t.Errorf("after pongs that answer no ping: %d, %s", cs, l.unanswered(now.Add(time.Second)))
	}
}

func TestSilentClientIsNoticed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := &Conn{player: true}
	c.roundTrip.ping(now)
	if err := c.ping(now.Add(maxSilence - 1)); err != nil {
		t.Error(err)
	}
	c.heard.Store(true) // the client sends something, but no pong
	if err := c.ping(now.Add(maxSilence)); err != nil {
		t.Error(err)
	}
	if err := c.ping(now.Add(maxSilence)); !errors.Is(err, errSilent) {
		t.Errorf("silent: %v", err)
	}
}
