package test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tabiya/internal/gamestest"
)

// A kill at any moment loses nothing that was answered and writes nothing twice.
func TestKillsOfTheWholeProcessUnderAReplay(t *testing.T) {
	t.Parallel()
	p := up(t)
	check := heckled(t, p.url, p.serviceToken, func() {
		for range 5 {
			<-time.After(time.Duration(500+rand.IntN(2500)) * time.Millisecond)
			p.kill()
			p.again(t)
			answering(t, p.url)
		}
	}, p.games("--games", "80", "--concurrency", "16", gamestest.Sample.Path(t)), p.games("--games", "20", "--via-queue", gamestest.Sample.Path(t)))
	check(checkAll(t, p.place))
}
