package limits

import (
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tabiya/internal/ratelimit"
	"tabiya/services/livegame/outbox"
)

// maxBurst is the largest burst. Each frame may be answered, and a client that is sent
// more answers than its outbox holds would be cut off as a slow reader.
const maxBurst = outbox.MaxItems / 2

// NewRate creates a limiter of perSecond frames or requests a second, with bursts of
// 2 x perSecond, at most maxBurst.
func NewRate(perSecond int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), min(2*perSecond, maxBurst))
}

// maxRates is the number of limiters that are kept. They take some megabytes.
const maxRates = 16_384

// RequestRates are the HTTP limiters, one for each player and game (see NewRate).
// Limits are needed because even a refused request writes two records.
type RequestRates struct{ by *ratelimit.Keyed[limitKey] }

// limitKey is a player and a game that they play. gameID is "" for all games that they
// do not play, which share one limiter.
type limitKey struct{ playerID, gameID string }

func (k limitKey) clone() limitKey {
	return limitKey{strings.Clone(k.playerID), strings.Clone(k.gameID)}
}

// NewRequestRates creates limiters of perSecond requests each.
func NewRequestRates(perSecond int) *RequestRates {
	return &RequestRates{ratelimit.New(func() *rate.Limiter { return NewRate(perSecond) }, maxRates, limitKey.clone)}
}

// Allow reports whether a player's request may be served now. gameID is "" for a
// game that the player does not play.
func (r *RequestRates) Allow(playerID, gameID string, now time.Time) bool {
	return r.by.Allow(limitKey{playerID, gameID}, now)
}
