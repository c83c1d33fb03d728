package rating

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestExampleOfTheGlicko2Paper(t *testing.T) {
	t.Parallel()
	got := update(Rating{1500, 200, 0.06}, 0.5, 1, Game{1400, 30, 1}, Game{1550, 100, 0}, Game{1700, 300, 0})
	if math.Abs(got.Rating-1464.06) > 0.01 || math.Abs(got.Deviation-151.52) > 0.01 || math.Abs(got.Volatility-0.05999) > 0.00001 {
		t.Fatalf("%+v, want 1464.06, 151.52, 0.05999", got)
	}
}

func TestFirstGameOfTwoNewPlayers(t *testing.T) {
	t.Parallel()
	g := Game{Opponent: InitialRating, OpponentDeviation: InitialDeviation}
	draw := New()
	g.Score = 0.5
	draw = Update(draw, 0, g)
	if draw.Rating != InitialRating || draw.Deviation >= InitialDeviation {
		t.Errorf("after a draw: %+v", draw)
	}
	g.Score = 1
	won := Update(New(), 0, g)
	g.Score = 0
	lost := Update(New(), 0, g)
	if won.Rating <= InitialRating || math.Abs(won.Rating+lost.Rating-2*InitialRating) > 0.011 {
		t.Errorf("won %+v, lost %+v", won, lost)
	}
	if !won.Provisional() {
		t.Errorf("the rating is not provisional after one game: %+v", won)
	}
}

func TestRatingsStayInBounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		p := New()
		for range 300 {
			before := p
			g := Game{Opponent: 600 + 2400*r.Float64(), OpponentDeviation: 45 + 455*r.Float64(), Score: float64(r.IntN(3)) / 2}
			p = Update(p, time.Duration(r.Int64N(int64(100*24*time.Hour))), g)
			if p.Rating < MinRating || p.Rating > MaxRating || math.Abs(p.Rating-before.Rating) > MaxChange+0.001 {
				t.Fatalf("%+v after %+v from %+v", p, g, before)
			}
			if p.Deviation < MinDeviation || p.Deviation > MaxDeviation || p.Volatility <= 0 || p.Volatility > 1 || math.IsNaN(p.Rating) {
				t.Fatalf("%+v after %+v from %+v", p, g, before)
			}
			if g.Score == 1 && p.Rating < before.Rating || g.Score == 0 && p.Rating > before.Rating {
				t.Fatalf("a score of %v moved %v to %v", g.Score, before.Rating, p.Rating)
			}
		}
	}
}

func TestUpdateTerminatesOnNonFiniteInput(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e300} {
		Update(Rating{x, x, x}, time.Hour, Game{x, x, x})
		Update(New(), math.MaxInt64, Game{x, x, x})
	}
}

// The deviation of a player at 60 reaches 110 after about a year, as lichess says of
// PeriodsPerDay.
func TestDeviationGrowsWithTimeNotPlayed(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	r := Rating{1700, 60, 0.06}
	last := r.Deviation
	for days := range 400 {
		got := r.AfterIdle(time.Duration(days) * day)
		if got.Deviation < last || got.Rating != r.Rating || got.Volatility != r.Volatility {
			t.Fatalf("after %d days: %+v, a day before the deviation was %v", days, got, last)
		}
		last = got.Deviation
	}
	if got := r.AfterIdle(365 * day).Deviation; math.Abs(got-110) > 2 {
		t.Errorf("after a year: %v", got)
	}
	if got := r.AfterIdle(6 * time.Hour).Deviation; got <= 60 {
		t.Errorf("a fraction of a period does not count: %v", got)
	}
	if got := r.AfterIdle(1000 * 365 / 4 * day).Deviation; got != MaxDeviation {
		t.Errorf("after two and a half centuries: %v", got)
	}
	if r.AfterIdle(0) != r || r.AfterIdle(-time.Hour) != r {
		t.Error("no time or a clock that ran back changed the rating")
	}
}

func TestPauseMakesResultCountMore(t *testing.T) {
	t.Parallel()
	r, g := Rating{1500, 60, 0.06}, Game{Opponent: 1500, OpponentDeviation: 60, Score: 1}
	soon, late := Update(r, time.Minute, g), Update(r, 200*24*time.Hour, g)
	if late.Rating <= soon.Rating || late.Deviation <= soon.Deviation || soon.Deviation >= r.Deviation {
		t.Errorf("soon %+v, late %+v", soon, late)
	}
}

func TestOneGameMovesRatingByMaxChange(t *testing.T) {
	t.Parallel()
	won := Update(New(), 0, Game{Opponent: 4000, OpponentDeviation: 45, Score: 1})
	if won.Rating != InitialRating+MaxChange {
		t.Errorf("%+v", won)
	}
	low := Update(Rating{450, 500, 0.09}, 0, Game{Opponent: 450, OpponentDeviation: 45, Score: 0})
	if low.Rating != MinRating {
		t.Errorf("%+v", low)
	}
}

// A number that the rules of version 1 gave: events of that time can be checked.
func TestOlderRulesStay(t *testing.T) {
	t.Parallel()
	r, g := Rating{1512.25, 201.5, 0.06}, Game{Opponent: 1650, OpponentDeviation: 80, Score: 1}
	old, ok := UpdateBy(1, r, 1000*time.Hour, g)
	again, _ := UpdateBy(1, r, 0, g)
	if now, _ := UpdateBy(Parameters, r, 1000*time.Hour, g); !ok || old != again || now == old || old != (Rating{1634.03, 178.74, 0.060003}) {
		t.Errorf("version 1: %+v, now %+v", old, now)
	}
	if _, ok := UpdateBy(Parameters+1, r, 0, g); ok {
		t.Error("a version that does not exist")
	}
}
