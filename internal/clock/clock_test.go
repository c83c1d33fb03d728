package clock

import (
	"math/rand/v2"
	"testing"
	"time"

	"tabiya/schemas"
)

const start = schemas.Time(1_700_000_000_007)

func TestFirstMovesAreFreeAndLaterOnesPayAndEarn(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}
	c := New(tc, start)
	at := start
	for ply, step := range []struct {
		after                          time.Duration
		white, black, elapsed, charged int64
	}{
		{9 * time.Second, 18000, 18000, 900, 0},
		{20 * time.Second, 18000, 18000, 2000, 0},
		{10 * time.Second, 17200, 18000, 1000, 1000},
		{1 * time.Second, 17200, 18100, 100, 100},
		{0, 17400, 18100, 0, 0},
	} {
		at = at.Add(step.after)
		var audit schemas.Clock
		c, audit = c.Move(tc, ply, at)
		want := schemas.Clock{WhiteCs: step.white, BlackCs: step.black, ElapsedCs: step.elapsed, ChargedCs: step.charged}
		if audit != want || c.White != step.white || c.Black != step.black {
			t.Fatalf("ply %d: %+v, want %+v", ply+1, audit, want)
		}
	}
}

func TestFlagFallsInTheCentisecondInWhichNothingIsLeft(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 100}
	c := New(tc, start)
	c, _ = c.Move(tc, 0, start)
	c, _ = c.Move(tc, 1, start)
	deadline := c.Deadline(tc, 2)
	if deadline != 1_700_000_001_000 {
		t.Fatalf("deadline %d", deadline)
	}
	if c.Expired(tc, 2, deadline-1) || !c.Expired(tc, 2, deadline) {
		t.Fatal("expired is not from the deadline on")
	}
	if _, audit := c.Move(tc, 2, deadline-1); audit.WhiteCs != 1 {
		t.Fatalf("%d centiseconds left just before the deadline, want 1", audit.WhiteCs)
	}
	if c.Flag(2).White != 0 || c.Flag(2).Black != 100 || c.Flag(3).Black != 0 {
		t.Fatal("the flag is on the wrong side")
	}
}

func TestFirstMoveLimitBySpeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tc   schemas.TimeControl
		want time.Duration
	}{
		{schemas.TimeControl{InitialCs: 1500}, 15 * time.Second},
		{schemas.TimeControl{InitialCs: 6000}, 20 * time.Second},
		{schemas.TimeControl{InitialCs: 30000}, 25 * time.Second},
		{schemas.TimeControl{InitialCs: 60000}, 30 * time.Second},
		{schemas.TimeControl{InitialCs: 180000}, 35 * time.Second},
	} {
		for plies := range 2 {
			if got := New(c.tc, start).Deadline(c.tc, plies); got != start.Add(c.want) {
				t.Errorf("%+v: %v after the start, want %v", c.tc, got-start, c.want)
			}
		}
	}
}

func TestAGameWithoutInitialTimeCanBePlayed(t *testing.T) {
	t.Parallel()
	if c := New(schemas.TimeControl{IncrementCs: 100}, start); c.White != 300 {
		t.Errorf("white has %d", c.White)
	}
	if c := New(schemas.TimeControl{IncrementCs: 1000}, start); c.Black != 1000 {
		t.Errorf("black has %d", c.Black)
	}
}

func TestTimeIsConserved(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		tc := schemas.TimeControl{InitialCs: r.Int64N(30000) + 100, IncrementCs: r.Int64N(500)}
		c := New(tc, start+schemas.Time(r.IntN(10)))
		first := c
		at := c.Since
		var third schemas.Time
		charged, earned := int64(0), int64(0)
		ply := 0
		for ; ply < 200; ply++ {
			next := at + schemas.Time(r.IntN(4000))
			if c.Expired(tc, ply, next) {
				break
			}
			at = next
			var audit schemas.Clock
			c, audit = c.Move(tc, ply, at)
			charged += audit.ChargedCs
			if ply == 1 {
				third = at
			}
			if ply >= 2 {
				earned += tc.IncrementCs
			}
			if c.White <= 0 || c.Black <= 0 {
				t.Fatalf("nothing left after a move in time: %+v", c)
			}
		}
		if got := first.White + first.Black + earned - c.White - c.Black; got != charged {
			t.Fatalf("the clocks lost %d, charged %d", got, charged)
		}
		if ply > 2 && charged != at.Centis()-third.Centis() {
			t.Fatalf("charged %d of %d gone by", charged, at.Centis()-third.Centis())
		}
	}
}

func TestABrokerClockThatStepsBackPaysNobody(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 1000}
	c := Clock{White: 500, Black: 500, Since: start}
	next, audit := c.Move(tc, 2, start-5000)
	if audit.ChargedCs != 0 || next.White != 500 {
		t.Fatalf("%+v", audit)
	}
}
