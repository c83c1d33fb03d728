package limits

import (
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

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
type Rates struct {
	perSecond int

	mu sync.Mutex
	by *lru.Cache[ratedPlayer, *rate.Limiter] // the longest idle one is forgotten first
}

// ratedPlayer is a player in a game that they play. For all other games together
// the game is "".
type ratedPlayer struct{ playerID, gameID string }

// NewRates makes limiters of perSecond requests each.
func NewRates(perSecond int) *Rates {
	by, err := lru.New[ratedPlayer, *rate.Limiter](maxRates)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Rates{perSecond: perSecond, by: by}
}

// Allow reports whether a player's request may be served now. gameID is "" for a
// game that the player does not play.
func (r *Rates) Allow(playerID, gameID string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := ratedPlayer{playerID, gameID}
	limiter, ok := r.by.Get(at)
	if !ok {
		limiter = NewRate(r.perSecond)
		// A string cut from a request would keep all of the request in memory.
		r.by.Add(ratedPlayer{strings.Clone(playerID), strings.Clone(gameID)}, limiter)
	}
	return limiter.AllowN(now, 1)
}
