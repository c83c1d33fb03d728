package clock

import (
	"math/rand/v2"
	"testing"

	"tabiya/schemas"
)

func TestGainMatchesLichess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tc   schemas.TimeControl
		want int64
	}{
		{schemas.TimeControl{InitialCs: 1500}, 21},
		{schemas.TimeControl{InitialCs: 6000}, 39},
		{schemas.TimeControl{InitialCs: 6000, IncrementCs: 100}, 55},
		{schemas.TimeControl{InitialCs: 18000}, 87},
		{schemas.TimeControl{InitialCs: 30000}, 100},
		{schemas.TimeControl{InitialCs: schemas.MaxInitialCs, IncrementCs: schemas.MaxIncrementCs}, 100},
	} {
		fresh := New(c.tc, start)
		if got := gain(c.tc); got != c.want || fresh.WhiteBank != 3*c.want || fresh.BlackBank != 3*c.want {
			t.Errorf("%+v: %d, %+v, want %d", c.tc, got, fresh, c.want)
		}
	}
}

func TestLagIsCompensatedFromTheBank(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 30000}
	c := New(tc, start)
	if c.Compensation(turns(0), start+1000, 50) != 0 {
		t.Fatal("a free move was compensated")
	}
	c, _ = c.Move(tc, turns(0), start, 0)
	c, _ = c.Move(tc, turns(1), start, 0)
	if c.WhiteBank != 300 || c.BlackBank != 300 {
		t.Fatalf("free moves changed the banks: %+v", c)
	}
	for _, step := range []struct{ elapsed, lag, given, bank int64 }{
		{500, 30, 30, 370},
		{20, 30, 20, 450},    // no more than elapsed
		{900, 800, 450, 100}, // no more than the bank holds
		{900, 800, 100, 100},
		{100, -5, 0, 200},
		{100, 0, 0, 300},
		{100, 0, 0, 400},
		{100, 0, 0, 500},
		{100, 0, 0, 600},
		{100, 0, 0, 700},
		{100, 0, 0, 700}, // full
	} {
		at := c.Since + schemas.Time(10*step.elapsed)
		before := c.White
		given := c.Compensation(turns(2), at, step.lag)
		next, audit := c.Move(tc, turns(2), at, given)
		if given != step.given || next.WhiteBank != step.bank || next.BlackBank != 300 || audit.CompensatedCs != given || before-next.White != step.elapsed-given {
			t.Fatalf("%+v: given %d, %+v, %+v", step, given, next, audit)
		}
		c, _ = next.Move(tc, Turn{Color: schemas.Black, First: true}, at, 0) // Black's bank must not change
	}
}

func TestFlagWaitsForPossibleCompensation(t *testing.T) {
	t.Parallel()
	tc := schemas.TimeControl{InitialCs: 30000}
	for _, c := range []struct{ bank, grace int64 }{{0, 0}, {150, 150}, {700, 200}} {
		now := Clock{White: 100, Black: 100, Since: start, WhiteBank: c.bank}
		turn := turns(2)
		deadline, flag := now.Deadline(tc, turn), now.FlagAt(tc, turn)
		if flag != deadline+schemas.Time(10*c.grace) || now.Expired(tc, turn, flag-1) || !now.Expired(tc, turn, flag) {
			t.Fatalf("bank %d: the flag falls %d ms after the deadline", c.bank, flag-deadline)
		}
		if c.grace == 0 {
			continue
		}
		last := flag - 1
		if now.InTime(turn, last, now.Compensation(turn, last, 0)) {
			t.Error("a move without lag was in time after the deadline")
		}
		given := now.Compensation(turn, last, 1000)
		if !now.InTime(turn, last, given) {
			t.Error("a move with enough lag was not in time just before the flag")
		}
		if after, audit := now.Move(tc, turn, last, given); after.White < 1 || audit.ChargedCs+audit.CompensatedCs != audit.ElapsedCs {
			t.Errorf("%+v", audit)
		}
	}
}

// For any claimed lag and any arrival times: charged plus compensated is exactly
// elapsed, compensation stays within the bank, and a clock grows only by the
// increment.
func TestTimeIsConserved(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		tc := schemas.TimeControl{InitialCs: r.Int64N(30000) + 100, IncrementCs: r.Int64N(500)}
		c := New(tc, start+schemas.Time(r.IntN(10)))
		first := c
		at := c.Since
		var elapsed, charged, earned, given int64
		var sides [2]int64 // compensation of each
		ply := 0
		for ; ply < 200; ply++ {
			turn := turns(ply)
			next := at + schemas.Time(r.IntN(4000)-50)
			lag := r.Int64N(300) - 20
			compensated := c.Compensation(turn, next, lag)
			if c.Expired(tc, turn, next) || !c.InTime(turn, next, compensated) {
				break
			}
			if !turn.First {
				elapsed += max(0, next.Centis()-at.Centis())
			}
			at = next
			before := c
			var audit schemas.Clock
			c, audit = c.Move(tc, turn, at, compensated)
			if !turn.First && audit.ChargedCs+audit.CompensatedCs != audit.ElapsedCs || audit.ChargedCs < 0 || audit.CompensatedCs < 0 {
				t.Fatalf("ply %d: %+v", ply+1, audit)
			}
			if c.White > before.White+tc.IncrementCs || c.Black > before.Black+tc.IncrementCs || c.Left(turn.Color.Other()) != before.Left(turn.Color.Other()) {
				t.Fatalf("ply %d: a clock grew from %+v to %+v", ply+1, before, c)
			}
			if c.White <= 0 || c.Black <= 0 || c.WhiteBank < 0 || c.BlackBank < 0 {
				t.Fatalf("no time left after a move in time: %+v", c)
			}
			charged += audit.ChargedCs
			given += audit.CompensatedCs
			sides[ply%2] += audit.CompensatedCs
			if ply >= 2 {
				earned += tc.IncrementCs
			}
		}
		if got := first.White + first.Black + earned - c.White - c.Black; got != charged {
			t.Fatalf("the clocks lost %d, charged %d", got, charged)
		}
		if charged+given != elapsed {
			t.Fatalf("charged %d and compensated %d of %d elapsed", charged, given, elapsed)
		}
		for _, side := range sides {
			if most := gain(tc) * int64(startGains+ply/2); side > most {
				t.Fatalf("compensated %d, the bank never held more than %d", side, most)
			}
		}
	}
}
