package test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tabiya/internal/gamestest"
)

// `tabiya up` is killed at random moments while games are replayed.
func TestNothingAnsweredIsLostWhenWholeProcessIsKilledUnderReplay(t *testing.T) {
	t.Parallel()
	p := up(t)
	check := withOutOfTurnMoves(t, p.url, p.serviceToken, func() {
		for range 5 {
			<-time.After(time.Duration(500+rand.IntN(2500)) * time.Millisecond)
			p.kill()
			p.restart(t)
			answering(t, p.url)
		}
	}, p.games("--games", "80", "--concurrency", "16", gamestest.Sample.Path(t)), p.games("--games", "20", "--via-queue", gamestest.Sample.Path(t)))
	check(checkAll(t, p.stores))
}
