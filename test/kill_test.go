package test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A kill at any moment loses nothing that was answered and writes nothing twice.
func TestKillsOfTheWholeProcessUnderAReplay(t *testing.T) {
	t.Parallel()
	p := up(t)
	replay := p.replay(t, "--games", "250", "--concurrency", "16", blitz)
	for range 5 {
		select {
		case <-replay.exited:
			t.Fatal("the replay ended before the last kill")
		case <-time.After(time.Duration(500+rand.IntN(2500)) * time.Millisecond):
		}
		p.kill()
		p.again(t)
		answering(t, p.url)
	}
	succeed(t, replay, 5*time.Minute)
	checkAll(t, p.place)
}
