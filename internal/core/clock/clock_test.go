package clock

import (
	"testing"
	"time"

	"tabiya/schemas"
)

const start = schemas.Time(1_700_000_000_007)

// turns is the turn after that many plies of a game that White begins.
func turns(plies int) Turn {
	if plies%2 == 0 {
		return Turn{schemas.White, plies < 2}
	}
	return Turn{schemas.Black, plies < 2}
}

func TestFirstMovesAreFreeAndLaterOnesAreCharged(t *testing.T) {
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
		c, audit = c.Move(tc, turns(ply), at, 0)
		want := schemas.Clock{WhiteCs: step.white, BlackCs: step.black, ElapsedCs: step.elapsed, ChargedCs: step.charged}
		if audit != want || c.White != step.white || c.Black != step.black {
			t.Fatalf("ply %d: %+v, want %+v", ply+1, audit, want)
		}
	}
}

func TestDeadlineIsWhenNoTimeIsLeft(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 100}
	c := Clock{White: 100, Black: 100, Since: start} // empty banks: no grace
	deadline := c.Deadline(tc, turns(2))
	if deadline != 1_700_000_001_000 || c.FlagAt(tc, turns(2)) != deadline {
		t.Fatalf("deadline %d", deadline)
	}
	if c.Expired(tc, turns(2), deadline-1) || !c.Expired(tc, turns(2), deadline) {
		t.Fatal("Expired does not begin at the deadline")
	}
	if !c.InTime(turns(2), deadline-1, 0) || c.InTime(turns(2), deadline, 0) {
		t.Fatal("InTime does not end at the deadline")
	}
	if _, audit := c.Move(tc, turns(2), deadline-1, 0); audit.WhiteCs != 1 {
		t.Fatalf("%d centiseconds left just before the deadline, want 1", audit.WhiteCs)
	}
	if c.Flag(schemas.White).White != 0 || c.Flag(schemas.White).Black != 100 || c.Flag(schemas.Black).Black != 0 {
		t.Fatal("the wrong side's clock is 0")
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
			fresh := New(c.tc, start)
			if got := fresh.Deadline(c.tc, turns(plies)); got != start.Add(c.want) || fresh.FlagAt(c.tc, turns(plies)) != got {
				t.Errorf("%+v: %v after the start, want %v", c.tc, got-start, c.want)
			}
		}
	}
}

func TestGameWithoutInitialTimeStartsWithMinimum(t *testing.T) {
	t.Parallel()
	if c := New(schemas.TimeControl{IncrementCs: 100}, start); c.White != 300 {
		t.Errorf("white has %d", c.White)
	}
	if c := New(schemas.TimeControl{IncrementCs: 1000}, start); c.Black != 1000 {
		t.Errorf("black has %d", c.Black)
	}
}

func TestBrokerClockStepBackChargesNothing(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 1000}
	c := Clock{White: 500, Black: 500, Since: start, WhiteBank: 100}
	given := c.Compensation(turns(2), start-5000, 50)
	next, audit := c.Move(tc, turns(2), start-5000, given)
	if given != 0 || audit.ChargedCs != 0 || next.White != 500 {
		t.Fatalf("%+v", audit)
	}
}
