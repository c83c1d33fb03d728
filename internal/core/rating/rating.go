// Package rating computes Glicko-2 ratings (Glickman, "Example of the Glicko-2
// system", 2022) with lichess's constants. Every game is computed on its own, and the
// deviation grows with the time between two games.
package rating

import (
	"math"
	"time"
)

// Parameters is the version of the rules that Update follows. A change that makes
// another number of the same input takes the next version and keeps the older rules in
// UpdateBy, so that events of any age can be computed again.
//
//   - 1: each game is a whole rating period, whenever it is played; the rating has no
//     bounds.
//   - 2: the deviation grows by the time since the last rated game, the rating has
//     bounds, and one game moves it by MaxChange at most.
const Parameters = 2

const (
	InitialRating     = 1500
	InitialDeviation  = 500
	InitialVolatility = 0.09
	MinDeviation      = 45
	MaxDeviation      = 500
	MinRating         = 400
	MaxRating         = 4000
	MaxChange         = 700 // of the rating, by one game
	// PeriodsPerDay is how many rating periods a day without a game counts: lichess's
	// value, with which the deviation of an active player takes a year to grow from 60
	// to 110.
	PeriodsPerDay = 0.21436
	// ProvisionalFrom is the deviation from which a rating is provisional.
	ProvisionalFrom = 110

	tau = 0.75 // limits how fast the volatility changes
	// scale converts between the Glicko and Glicko-2 scales: 400/ln 10.
	scale     = 173.7178
	tolerance = 0.000001
)

// Rating is a player's strength and how well it is known.
type Rating struct {
	Rating, Deviation, Volatility float64
}

// New returns the rating of a player who has not played.
func New() Rating { return Rating{InitialRating, InitialDeviation, InitialVolatility} }

// Provisional reports whether the deviation is too high for the rating to be reliable.
func (r Rating) Provisional() bool { return r.Deviation >= ProvisionalFrom }

// Game is one result. Score is 1, 0.5 or 0.
type Game struct {
	Opponent, OpponentDeviation float64
	Score                       float64
}

// Update returns the rating after one game. The opponent's rating is the one from
// before the game. idle is the time since the player's last rated game at this speed, 0
// before the first. All numbers are rounded, to keep messages short.
func Update(r Rating, idle time.Duration, g Game) Rating {
	next := update(r, tau, periods(idle), within(g))
	change := min(max(next.Rating-r.Rating, -MaxChange), MaxChange)
	next.Rating = min(max(r.Rating+change, MinRating), MaxRating)
	return next.rounded()
}

// UpdateBy is Update under an earlier version of the rules. Returns false for a version
// that does not exist.
func UpdateBy(parameters int, r Rating, idle time.Duration, g Game) (Rating, bool) {
	switch parameters {
	case 1:
		return update(r, tau, 1, g).rounded(), true
	case Parameters:
		return Update(r, idle, g), true
	}
	return Rating{}, false
}

// AfterIdle returns the rating as it is known after a time without a rated game: its
// deviation has grown (step 6 of the paper, with a fraction of a period).
func (r Rating) AfterIdle(idle time.Duration) Rating {
	r.Deviation = round(min(math.Sqrt(grown(r.Deviation/scale, r.Volatility, periods(idle)))*scale, MaxDeviation), 100)
	return r
}

func periods(idle time.Duration) float64 {
	return PeriodsPerDay * max(idle, 0).Hours() / 24
}

// grown returns the square of the deviation phi after a number of periods.
func grown(phi, sigma, periods float64) float64 {
	return float64(phi*phi) + float64(periods*float64(sigma*sigma))
}

// within returns the game with an opponent whose numbers are in bounds.
func within(g Game) Game {
	g.Opponent = min(max(g.Opponent, MinRating), MaxRating)
	g.OpponentDeviation = min(max(g.OpponentDeviation, 0), MaxDeviation)
	return g
}

// rounded clamps the deviation to its bounds and rounds all numbers.
func (r Rating) rounded() Rating {
	r.Deviation = min(max(r.Deviation, MinDeviation), MaxDeviation)
	return Rating{round(r.Rating, 100), round(r.Deviation, 100), round(r.Volatility, 1_000_000)}
}

func round(x, unit float64) float64 { return math.Round(x*unit) / unit }

// update implements steps 2 to 8 of the paper; periods is how many the games end. The
// conversions to float64 prevent fused multiply-add, so every machine computes the same
// bits.
func update(r Rating, tau, periods float64, games ...Game) Rating {
	mu, phi := (r.Rating-InitialRating)/scale, r.Deviation/scale
	var precision, improvement float64
	for _, game := range games {
		g := weight(game.OpponentDeviation / scale)
		expected := 1 / (1 + math.Exp(float64(-g*(mu-(game.Opponent-InitialRating)/scale))))
		precision += float64(float64(g*g) * float64(expected*(1-expected)))
		improvement += float64(g * (game.Score - expected))
	}
	v := 1 / precision
	delta := float64(v * improvement)
	sigma := volatility(r.Volatility, tau, phi, v, delta)
	before := min(grown(phi, sigma, periods), float64(MaxDeviation/scale)*float64(MaxDeviation/scale))
	phi = 1 / math.Sqrt(1/before+1/v)
	mu += float64(float64(phi*phi) * improvement)
	return Rating{float64(mu*scale) + InitialRating, phi * scale, sigma}
}

// weight is g(phi) of the paper: games against opponents with a high deviation count
// less.
func weight(phi float64) float64 {
	return 1 / math.Sqrt(1+float64(3*float64(phi*phi))/float64(math.Pi*math.Pi))
}

// volatility is step 5 of the paper, the Illinois algorithm.
func volatility(sigma, tau, phi, v, delta float64) float64 {
	a := math.Log(float64(sigma * sigma))
	f := func(x float64) float64 {
		ex := math.Exp(x)
		d := float64(phi*phi) + v + ex
		return float64(ex*(float64(delta*delta)-d))/float64(2*float64(d*d)) - (x-a)/float64(tau*tau)
	}
	low := a
	var high float64
	if square := float64(delta*delta) - float64(phi*phi) - v; square > 0 {
		high = math.Log(square)
	} else {
		k := 1.0
		for f(a-float64(k*tau)) < 0 {
			k++
		}
		high = a - float64(k*tau)
	}
	fLow, fHigh := f(low), f(high)
	// It converges in a few steps. The bound is for inputs that are NaN or infinite.
	for range 100 {
		if !(math.Abs(high-low) > tolerance) {
			break
		}
		next := low + float64((low-high)*fLow)/(fHigh-fLow)
		fNext := f(next)
		if float64(fNext*fHigh) <= 0 {
			low, fLow = high, fHigh
		} else {
			fLow /= 2
		}
		high, fHigh = next, fNext
	}
	return math.Exp(low / 2)
}
