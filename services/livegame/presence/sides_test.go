package presence

import (
	"testing"
	"time"

	"tabiya/schemas"
)

func TestPlayerWhoReconnectsAgainAndAgainIsCheckedOnce(t *testing.T) {
	t.Parallel()
	p, k, now := newSides(), Side{"game", schemas.White}, time.Now()
	checked := 0
	for range 1000 { // a thousand times in ten seconds
		p.opened(k, false, now)
		p.closed(k, false, now)
		now = now.Add(10 * time.Millisecond)
		checked += len(p.due(now, 10))
	}
	if checked != 0 || len(p.by) != 1 || len(p.dueAt) != 1 {
		t.Errorf("checked %d times; %d sides, %d due", checked, len(p.by), len(p.dueAt))
	}
	if got := p.due(now.Add(goneAfter), 10); len(got) != 1 || got[k].open != 0 {
		t.Errorf("%v", got)
	}
	if len(p.by)+len(p.dueAt) != 0 {
		t.Errorf("%d sides remain, %d due", len(p.by), len(p.dueAt))
	}
}

func TestSeatIsCheckedWhenDue(t *testing.T) {
	t.Parallel()
	now := time.Now()
	k := Side{"game", schemas.Black}
	for _, c := range []struct {
		name    string
		do      func(p *sides)
		after   time.Duration
		checked bool
		want    sideState
	}{
		{"connects", func(p *sides) { p.opened(k, false, now) }, time.Hour, false, sideState{}},
		{"connects while recorded as gone", func(p *sides) { p.opened(k, true, now) }, 0, true, sideState{open: 1}},
		{"disconnected just now", func(p *sides) { p.opened(k, false, now); p.closed(k, false, now) }, goneAfter / 2, false, sideState{}},
		{"disconnected", func(p *sides) { p.opened(k, false, now); p.closed(k, false, now) }, goneAfter, true, sideState{}},
		{"leaves", func(p *sides) { p.opened(k, false, now); p.closed(k, true, now) }, goneAfter, true, sideState{left: true}},
		{"leaves, and then a stream drops", func(p *sides) {
			p.opened(k, false, now)
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.closed(k, false, now)
		}, goneAfter, true, sideState{left: true}},
		{"leaves, and another page drops later", func(p *sides) {
			p.opened(k, false, now)
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.closed(k, false, now.Add(goneAfter+1))
		}, 2*goneAfter + 1, true, sideState{}},
		{"opponent claims, no connection here", func(p *sides) { p.checkUnconnected(k, now) }, 0, true, sideState{}},
		{"opponent claims, connected here", func(p *sides) { p.opened(k, false, now); p.checkUnconnected(k, now) }, time.Hour, false, sideState{}},
		{"one of two sideState ends", func(p *sides) { p.opened(k, false, now); p.opened(k, false, now); p.closed(k, false, now) }, time.Hour, false, sideState{}},
		{"leaves and reconnects", func(p *sides) {
			p.opened(k, false, now)
			p.closed(k, true, now)
			p.opened(k, false, now)
		}, goneAfter, true, sideState{open: 1}},
		{"recorded as gone, connected here", func(p *sides) { p.opened(k, false, now); p.recordedGone(k, now) }, 0, true, sideState{open: 1}},
		{"recorded as gone, no connection here", func(p *sides) { p.recordedGone(k, now) }, time.Hour, false, sideState{}},
		{"attempt refused, recorded as gone", func(p *sides) { p.attempted(k, true, now) }, 0, true, sideState{open: 1, present: now.Add(goneAfterAttempt)}},
		{"attempt refused, not recorded as gone", func(p *sides) { p.attempted(k, false, now) }, goneAfterAttempt - 1, false, sideState{}},
		{"attempt refused long ago", func(p *sides) { p.attempted(k, false, now) }, goneAfterAttempt, true, sideState{present: now.Add(goneAfterAttempt)}},
		{"disconnected, attempt refused", func(p *sides) { p.opened(k, false, now); p.closed(k, false, now); p.attempted(k, false, now) }, goneAfter, false, sideState{}},
		{"recorded as gone, attempt refused here", func(p *sides) { p.attempted(k, false, now); p.recordedGone(k, now) }, goneAfter, true, sideState{open: 1, present: now.Add(goneAfterAttempt)}},
		{"mark not acknowledged", func(p *sides) { p.retry(k, true, now) }, goneAfter, true, sideState{left: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newSides()
			c.do(p)
			got, checked := p.due(now.Add(c.after), 10)[k]
			if checked != c.checked || got != c.want {
				t.Errorf("checked: %t, %+v", checked, got)
			}
		})
	}
}

func TestChecksPerSweepAreBounded(t *testing.T) {
	t.Parallel()
	p, now := newSides(), time.Now()
	for range 25 {
		p.opened(Side{schemas.NewID(), schemas.White}, true, now)
	}
	for _, want := range []int{10, 10, 5, 0} {
		if got := p.due(now, 10); len(got) != want {
			t.Errorf("%d, not %d", len(got), want)
		}
	}
}

func TestClaimMarksAConnectedPlayerAtMostOnceInGoneAfter(t *testing.T) {
	t.Parallel()
	p, k, now := newSides(), Side{"game", schemas.Black}, time.Now()
	expect := func(want bool) {
		t.Helper()
		if got := p.tryMark(k, now); got != want {
			t.Fatalf("at %v: %t", now, got)
		}
	}
	expect(false) // no connection
	p.opened(k, true, now)
	expect(true)
	expect(false)
	now = now.Add(goneAfter)
	expect(true)
	p.closed(k, false, now)
	now = now.Add(goneAfter)
	expect(false)
}

func TestPlayerWhoseAttemptWasRefusedIsCheckedAgainLater(t *testing.T) {
	t.Parallel()
	p, k, now := newSides(), Side{"game", schemas.White}, time.Now()
	p.attempted(k, true, now)
	if got := p.due(now, 10)[k]; got.open != 1 {
		t.Errorf("at first: %+v", got)
	}
	if got, checked := p.due(now.Add(goneAfterAttempt), 10)[k]; !checked || got.open != 0 {
		t.Errorf("later: %t %+v", checked, got)
	}
	if len(p.by)+len(p.dueAt) != 0 {
		t.Errorf("%d sides remain, %d due", len(p.by), len(p.dueAt))
	}
}
