package livegame

import (
	"testing"
	"time"

	"tabiya/schemas"
)

func TestWhoeverComesAndGoesIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	p, k, now := newPresence(), seatKey{"game", schemas.White}, time.Now()
	looked := 0
	for range 1000 { // a thousand times in ten seconds
		p.opened(k, false, now)
		p.closed(k, false, now)
		now = now.Add(10 * time.Millisecond)
		looked += len(p.take(now, 10))
	}
	if looked != 0 || len(p.seats) != 1 || len(p.due) != 1 {
		t.Errorf("looked at %d times; %d seats, %d due", looked, len(p.seats), len(p.due))
	}
	if got := p.take(now.Add(goneAfter), 10); len(got) != 1 || got[k].open != 0 {
		t.Errorf("%v", got)
	}
	if len(p.seats)+len(p.due) != 0 {
		t.Errorf("%d seats are kept, %d due", len(p.seats), len(p.due))
	}
}

func TestWhenASeatIsLookedAt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	k := seatKey{"game", schemas.Black}
	for _, c := range []struct {
		name   string
		do     func(p *presence)
		after  time.Duration
		looked bool
		want   listened
	}{
		{"he comes", func(p *presence) { p.opened(k, false, now) }, time.Hour, false, listened{}},
		{"he comes back", func(p *presence) { p.opened(k, true, now) }, 0, true, listened{open: 1}},
		{"he has gone just now", func(p *presence) { p.opened(k, false, now); p.closed(k, false, now) }, goneAfter / 2, false, listened{}},
		{"he has gone", func(p *presence) { p.opened(k, false, now); p.closed(k, false, now) }, goneAfter, true, listened{}},
		{"he leaves", func(p *presence) { p.opened(k, false, now); p.closed(k, true, now) }, goneAfter, true, listened{left: true}},
		{"he leaves, and a stream drops", func(p *presence) {
			p.opened(k, false, now)
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.closed(k, false, now)
		}, goneAfter, true, listened{left: true}},
		{"he leaves, and another page drops later", func(p *presence) {
			p.opened(k, false, now)
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.closed(k, false, now.Add(goneAfter+1))
		}, 2*goneAfter + 1, true, listened{}},
		{"doubted, and not here", func(p *presence) { p.doubted(k, now) }, 0, true, listened{}},
		{"doubted, and here", func(p *presence) { p.opened(k, false, now); p.doubted(k, now) }, time.Hour, false, listened{}},
		{"one of two ends", func(p *presence) { p.opened(k, false, now); p.opened(k, false, now); p.closed(k, false, now) }, time.Hour, false, listened{}},
		{"he leaves and is back", func(p *presence) {
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.opened(k, false, now)
		}, goneAfter, true, listened{open: 1}},
		{"lost elsewhere, here he is", func(p *presence) { p.opened(k, false, now); p.toldGone(k, now) }, 0, true, listened{open: 1}},
		{"lost elsewhere, nor is he here", func(p *presence) { p.toldGone(k, now) }, time.Hour, false, listened{}},
		{"it could not be said", func(p *presence) { p.again(k, true, now) }, goneAfter, true, listened{left: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPresence()
			c.do(p)
			got, looked := p.take(now.Add(c.after), 10)[k]
			if looked != c.looked || got != c.want {
				t.Errorf("looked at: %t, %+v", looked, got)
			}
		})
	}
}

func TestOfManySeatsSomeAreLookedAt(t *testing.T) {
	t.Parallel()
	p, now := newPresence(), time.Now()
	for range 25 {
		p.opened(seatKey{schemas.NewID(), schemas.White}, true, now)
	}
	for _, want := range []int{10, 10, 5, 0} {
		if got := p.take(now, 10); len(got) != want {
			t.Errorf("%d, not %d", len(got), want)
		}
	}
}

func TestAClaimHasSomebodySaidToBeThereOnceInAWhile(t *testing.T) {
	t.Parallel()
	p, k, now := newPresence(), seatKey{"game", schemas.Black}, time.Now()
	says := func(want bool) {
		t.Helper()
		if got := p.owesWord(k, now); got != want {
			t.Fatalf("at %v: %t", now, got)
		}
	}
	says(false) // nobody is
	p.opened(k, true, now)
	says(true)
	says(false)
	now = now.Add(goneAfter)
	says(true)
	p.closed(k, false, now)
	now = now.Add(goneAfter)
	says(false)
}
