package limits

import (
	"strings"
	"testing"
	"time"
	"unsafe"
)

var players = PlayerConfig{PerSecond: 10, OpensPerSecond: 2, InFlight: 3, RefusedPerSecond: 2}

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

func TestPaceIsThatOfThePlayerWhereverTheyPlay(t *testing.T) {
	t.Parallel()
	p, now, allowed := NewPlayers(players), time.Now(), 0
	for range 100 { // as from 100 sockets
		if p.Get("eve").Allow(now) {
			allowed++
		}
	}
	opens := 0
	for p.Get("eve").AllowOpen(now) {
		opens++
	}
	if ada := p.Get("ada"); allowed != 20 || opens != 10 || !ada.Allow(now) || !ada.AllowOpen(now) {
		t.Errorf("%d frames, %d connections, or another player is limited too", allowed, opens)
	}
}

func TestCommandsInFlightAreFew(t *testing.T) {
	t.Parallel()
	p := NewPlayers(players).Get("eve")
	for n := range 4 {
		if ok := p.Begin(); ok != (n < 3) {
			t.Errorf("command %d: %t", n+1, ok)
		}
	}
	p.End(false, time.Now())
	if !p.Begin() {
		t.Error("none may be sent after an answer")
	}
}

func TestPlayerIsTrustedAgainAWhileAfterTooManyRefusals(t *testing.T) {
	t.Parallel()
	p, now := NewPlayers(players).Get("eve"), time.Now()
	for n := range 20 {
		if !p.Trusted(now) {
			t.Fatalf("not trusted after %d refusals", n)
		}
		p.Begin()
		p.End(true, now)
	}
	if p.Trusted(now) {
		t.Error("trusted after 20 refusals at once")
	}
	if p.Begin(); !p.Trusted(now.Add(time.Second)) {
		t.Error("not trusted after a second without a refusal")
	}
	p.End(false, now)
	if p.Trusted(now) {
		t.Error("an accepted command bought trust")
	}
}

// A part of a request would keep the whole request in memory, with its query.
func TestPlayersKeepNoRequest(t *testing.T) {
	t.Parallel()
	p := NewPlayers(players)
	request := "player?" + strings.Repeat("a", 1000)
	id := request[:len("player")]
	p.Get(id)
	if kept := p.by.Keys()[0]; kept != id || unsafe.StringData(kept) == unsafe.StringData(id) {
		t.Error("the player id is a part of the request")
	}
}
