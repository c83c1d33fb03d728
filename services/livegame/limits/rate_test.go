package limits

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func TestRateAllowsABurstOfTwoSeconds(t *testing.T) {
	t.Parallel()
	limiter, now := NewRate(10), time.Now()
	allowed := func(n int) (allowed int) {
		for range n {
			if limiter.AllowN(now, 1) {
				allowed++
			}
		}
		return allowed
	}
	if n := allowed(100); n != 20 {
		t.Errorf("%d at once", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := allowed(100); n != 5 {
		t.Errorf("%d after half a second", n)
	}
	now = now.Add(time.Hour)
	if n := allowed(100); n != 20 {
		t.Errorf("%d after an hour", n)
	}
	limiter = NewRate(500)
	if n := allowed(1000); n != maxBurst {
		t.Errorf("%d at once at 500 a second", n)
	}
}

// A substring of a request would keep the whole request in memory, with its query.
func TestRequestRatesKeepNoRequest(t *testing.T) {
	t.Parallel()
	r := NewRequestRates(10)
	request := "/v1/games/game/moves?" + strings.Repeat("a", 1000)
	gameID := request[len("/v1/games/"):][:len("game")]
	if !r.Allow("player", gameID, time.Now()) || !slices.Contains(r.by.Keys(), limitKey{"player", gameID}) {
		t.Fatal(r.by.Keys())
	}
	if kept := r.by.Keys()[0].gameID; unsafe.StringData(kept) == unsafe.StringData(gameID) {
		t.Error("the game id is a substring of the request")
	}
}
