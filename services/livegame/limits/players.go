package limits

import (
	"strconv"
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

// PlayerConfig is what each player may do, over all their connections and games.
type PlayerConfig struct {
	PerSecond        int // frames and requests; bursts as in NewRate
	OpensPerSecond   int // connections opened
	InFlight         int // commands that wait for their answer
	RefusedPerSecond int // refused commands; see Player.Trusted
}

// Players limit what each player does. A limit for each socket or game would not bound a
// player, who may have many.
type Players struct {
	cfg PlayerConfig

	mu sync.Mutex
	by *lru.Cache[string, *Player] // by player id; the longest idle one is forgotten first
}

// maxPlayers is the number of players that are remembered. They take some megabytes.
const maxPlayers = 16_384

// NewPlayers creates Players.
func NewPlayers(cfg PlayerConfig) *Players {
	by, err := lru.New[string, *Player](maxPlayers)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Players{cfg: cfg, by: by}
}

// TooFast is the answer to a player, or a socket without one, that is over the pace.
func (p *Players) TooFast() string {
	return "slower: " + strconv.Itoa(p.cfg.PerSecond) + " frames and requests a second"
}

// Get returns a player's limits.
func (p *Players) Get(playerID string) *Player {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.by.Get(playerID); ok {
		return known
	}
	fresh := &Player{
		maxInFlight: p.cfg.InFlight, pace: NewRate(p.cfg.PerSecond),
		opens:    rate.NewLimiter(rate.Limit(p.cfg.OpensPerSecond), opensBurst*p.cfg.OpensPerSecond),
		refusals: rate.NewLimiter(rate.Limit(p.cfg.RefusedPerSecond), refusalsBurst*p.cfg.RefusedPerSecond),
	}
	p.by.Add(strings.Clone(playerID), fresh) // the id may be a part of a request, and keep all of it in memory
	return fresh
}

// Bursts, in seconds' worth.
const (
	opensBurst    = 5
	refusalsBurst = 10
)

// Player is what one player does now.
type Player struct {
	maxInFlight int
	pace        *rate.Limiter
	opens       *rate.Limiter
	refusals    *rate.Limiter

	mu       sync.Mutex
	inFlight int
}

// Allow reports whether the player may send a frame or a request now.
func (p *Player) Allow(now time.Time) bool { return p.pace.AllowN(now, 1) }

// AllowOpen reports whether the player may open a connection now. That costs as much as
// many frames.
func (p *Player) AllowOpen(now time.Time) bool { return p.opens.AllowN(now, 1) }

// Begin counts a command in flight, until End. It returns false if there are too many.
func (p *Player) Begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inFlight >= p.maxInFlight {
		return false
	}
	p.inFlight++
	return true
}

// End ends a command in flight. refused is whether the command could not succeed.
func (p *Player) End(refused bool, now time.Time) {
	p.mu.Lock()
	p.inFlight--
	p.mu.Unlock()
	if refused {
		p.refusals.ReserveN(now, 1) // may be more than there are: then the player waits longer
	}
}

// Trusted reports whether the player's commands go to the log without a look whether they
// can succeed. It is false after too many refused ones.
func (p *Player) Trusted(now time.Time) bool { return p.refusals.TokensAt(now) >= 1 }
