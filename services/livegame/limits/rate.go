package limits

import (
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

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
type RequestRates struct {
	perSecond int

	mu sync.Mutex
	by *lru.Cache[limitKey, *rate.Limiter] // drops the least recently used
}

// limitKey is a player and a game that they play. gameID is "" for all games that they
// do not play, which share one limiter.
type limitKey struct{ playerID, gameID string }

// NewRequestRates creates limiters of perSecond requests each.
func NewRequestRates(perSecond int) *RequestRates {
	by, err := lru.New[limitKey, *rate.Limiter](maxRates)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &RequestRates{perSecond: perSecond, by: by}
}

// Allow reports whether a player's request may be served now. gameID is "" for a
// game that the player does not play.
func (r *RequestRates) Allow(playerID, gameID string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter, ok := r.by.Get(limitKey{playerID, gameID})
	if !ok {
		limiter = NewRate(r.perSecond)
		// A substring of a request would keep the whole request in memory.
		r.by.Add(limitKey{strings.Clone(playerID), strings.Clone(gameID)}, limiter)
	}
	return limiter.AllowN(now, 1)
}
