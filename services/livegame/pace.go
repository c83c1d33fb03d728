package livegame

import (
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// pace is how fast a socket may send frames, or a player requests: the generic
// cell rate algorithm, which is a token bucket in one number. One goroutine at a
// time uses it.
type pace struct {
	each time.Duration // a frame's share of a second
	free time.Time     // when all that was sent would have been sent at the steady rate
}

// A socket may be two seconds ahead of the steady rate, but not by more frames
// than its outbox holds answers: it would look like a reader that is too slow.
const (
	paceAhead  = 2 * time.Second
	paceFrames = outboxItems / 2
)

func newPace(perSecond int) pace { return pace{each: time.Second / time.Duration(perSecond)} }

// allows reports whether a frame may come now; one that may not counts for
// nothing.
func (p *pace) allows(now time.Time) bool {
	if p.free.Before(now) {
		p.free = now
	}
	if p.free.Sub(now) > min(paceAhead, paceFrames*p.each)-p.each {
		return false
	}
	p.free = p.free.Add(p.each)
	return true
}

// maxPaces is how many paces are remembered: some megabytes.
const maxPaces = 16_384

// paces are the players' over HTTP, each with the rate of a socket: what a player
// asks costs the log two records even where it is refused.
type paces struct {
	perSecond int

	mu sync.Mutex
	by *lru.Cache[seat, *pace] // who was quiet for longest is forgotten
}

// seat is a player in a game that he plays; in all others together the game is "".
type seat struct{ playerID, gameID string }

func newPaces(perSecond int) *paces {
	by, err := lru.New[seat, *pace](maxPaces)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &paces{perSecond: perSecond, by: by}
}

// allows reports whether a player's request may come now.
func (p *paces) allows(at seat, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	his, ok := p.by.Get(at)
	if !ok {
		fresh := newPace(p.perSecond)
		his = &fresh
		// A name from a request is a piece of it, all of which would be kept.
		p.by.Add(seat{strings.Clone(at.playerID), strings.Clone(at.gameID)}, his)
	}
	return his.allows(now)
}
