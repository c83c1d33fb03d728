package limits

import (
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tabiya/internal/ratelimit"
	"tabiya/services/livegame/outbox"
)

// maxBurst is the most frames that may come at once. Each may be answered, and a
// client that was sent more answers than its outbox holds would be taken for one
// that reads too slowly.
const maxBurst = outbox.MaxItems / 2

// NewRate makes the limiter of one connection: perSecond frames, with two seconds'
// worth at once, maxBurst at most.
func NewRate(perSecond int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), min(2*perSecond, maxBurst))
}

// maxRates is how many limiters are remembered: some megabytes.
const maxRates = 16_384

// Rates are the limiters of requests over HTTP, each as NewRate: what a player
// asks costs the log two records even where it is refused.
type Rates struct{ by *ratelimit.Keyed[ratedPlayer] }

// ratedPlayer is a player in a game that they play. For all other games together
// the game is "".
type ratedPlayer struct{ playerID, gameID string }

// NewRates makes limiters of perSecond requests each.
func NewRates(perSecond int) *Rates {
	return &Rates{ratelimit.New(func() *rate.Limiter { return NewRate(perSecond) }, maxRates, ratedPlayer.clone)}
}

func (p ratedPlayer) clone() ratedPlayer {
	return ratedPlayer{strings.Clone(p.playerID), strings.Clone(p.gameID)}
}

// Allow reports whether a player's request may be served now. gameID is "" for a
// game that the player does not play.
func (r *Rates) Allow(playerID, gameID string, now time.Time) bool {
	return r.by.Allow(ratedPlayer{playerID, gameID}, now)
}
