package rating

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestExampleOfTheGlicko2Paper(t *testing.T) {
	t.Parallel()
	got := update(Rating{1500, 200, 0.06}, 0.5, Game{1400, 30, 1}, Game{1550, 100, 0}, Game{1700, 300, 0})
	if math.Abs(got.Rating-1464.06) > 0.01 || math.Abs(got.Deviation-151.52) > 0.01 || math.Abs(got.Volatility-0.05999) > 0.00001 {
		t.Fatalf("%+v, want 1464.06, 151.52, 0.05999", got)
	}
}

func TestFirstGameOfTwoNewPlayers(t *testing.T) {
	t.Parallel()
	g := Game{Opponent: InitialRating, OpponentDeviation: InitialDeviation}
	draw := New()
	g.Score = 0.5
	draw = Update(draw, g)
	if draw.Rating != InitialRating || draw.Deviation >= InitialDeviation {
		t.Errorf("after a draw: %+v", draw)
	}
	g.Score = 1
	won := Update(New(), g)
	g.Score = 0
	lost := Update(New(), g)
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
			p = Update(p, g)
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
		Update(Rating{x, x, x}, Game{x, x, x})
		Update(New(), Game{x, x, x})
	}
}
