// Package rating is Glicko-2 (Glickman, "Example of the Glicko-2 system", 2022)
// with the constants of lichess, one rating period a game.
package rating

import "math"

// What a player starts with, the bounds of the deviation, and how fast the
// volatility may change.
const (
	InitialRating     = 1500
	InitialDeviation  = 500
	InitialVolatility = 0.09
	MinDeviation      = 45
	MaxDeviation      = 500
	// ProvisionalFrom is the deviation from which a rating is only a guess.
	ProvisionalFrom = 110

	tau = 0.75
	// scale is 400/ln 10: between Glicko's scale and Glicko-2's.
	scale     = 173.7178
	tolerance = 0.000001
)

// Rating is a player's strength and how well it is known.
type Rating struct {
	Rating, Deviation, Volatility float64
}

// New is the rating of a player who has not played.
func New() Rating { return Rating{InitialRating, InitialDeviation, InitialVolatility} }

// Provisional reports whether the rating is still a guess.
func (r Rating) Provisional() bool { return r.Deviation >= ProvisionalFrom }

// Game is one result of a rating period. Score is 1, 0.5 or 0.
type Game struct {
	Opponent, OpponentDeviation float64
	Score                       float64
}

// Update is r after one game. The opponent's rating is the one from before the
// game. Deviation stays within its bounds; all is rounded, so that the wire
// carries no noise.
func Update(r Rating, g Game) Rating {
	next := update(r, tau, g)
	next.Deviation = min(max(next.Deviation, MinDeviation), MaxDeviation)
	return Rating{round(next.Rating, 100), round(next.Deviation, 100), round(next.Volatility, 1_000_000)}
}

func round(x, unit float64) float64 { return math.Round(x*unit) / unit }

// update follows the paper's steps 2 to 8. The conversions to float64 forbid
// fused multiply-add, so that every machine computes the same bits.
func update(r Rating, tau float64, games ...Game) Rating {
	mu, phi := (r.Rating-InitialRating)/scale, r.Deviation/scale
	var precision, surprise float64
	for _, game := range games {
		g := weight(game.OpponentDeviation / scale)
		expected := 1 / (1 + math.Exp(float64(-g*(mu-(game.Opponent-InitialRating)/scale))))
		precision += float64(float64(g*g) * float64(expected*(1-expected)))
		surprise += float64(g * (game.Score - expected))
	}
	v := 1 / precision
	delta := float64(v * surprise)
	sigma := volatility(r.Volatility, tau, phi, v, delta)
	before := float64(phi*phi) + float64(sigma*sigma)
	phi = 1 / math.Sqrt(1/before+1/v)
	mu += float64(float64(phi*phi) * surprise)
	return Rating{float64(mu*scale) + InitialRating, phi * scale, sigma}
}

// weight is the paper's g: the less an opponent's rating is known, the less the
// game says.
func weight(phi float64) float64 {
	return 1 / math.Sqrt(1+float64(3*float64(phi*phi))/float64(math.Pi*math.Pi))
}

// volatility is step 5: the Illinois algorithm.
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
	// It converges in a handful of steps; the bound is for inputs that are not
	// numbers.
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
