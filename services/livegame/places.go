package livegame

import (
	"fmt"
	"sync"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// places are what sockets and streams take up: in all, of one player and from
// one address. A player is counted by his token, so that one account cannot take
// the places of all; whoever watches without one is counted by address alone. Some
// are kept for the players of the games they ask for: one who is kept out by
// watchers would count as gone, and his opponent could claim the game.
type places struct {
	most, ofPlayer, ofAddress int // 0: no limit

	mu    sync.Mutex
	taken int
	by    map[string]int // by player id and by address, neither of which can be the other
}

// keptForPlayers is the share of all places that nobody watches from.
const keptForPlayers = 4

func newPlaces(cfg Config) *places {
	return &places{most: cfg.MaxConnections, ofPlayer: cfg.MaxPerPlayer, ofAddress: cfg.MaxPerAddress, by: make(map[string]int)}
}

// take takes a place, to play or to watch; leave gives it back. Where there is
// none, code says why.
func (p *places) take(playerID, address string, plays bool) (leave func(), code schemas.Code, detail string) {
	most := p.most
	if !plays {
		most -= most / keptForPlayers
	}
	if p.ofAddress == 0 {
		address = "" // nobody asks
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.taken >= most:
		return nil, schemas.CodeTooManyConnections, "this instance has no place left"
	case playerID != "" && p.by[playerID] >= p.ofPlayer:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("a player has %d sockets and streams at most: close one", p.ofPlayer)
	case address != "" && p.by[address] >= p.ofAddress:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("an address has %d sockets and streams at most: close one", p.ofAddress)
	}
	p.count(1, playerID, address)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.count(-1, playerID, address)
	}, "", ""
}

func (p *places) count(n int, holders ...string) {
	p.taken += n
	for _, holder := range holders {
		if holder == "" {
			continue
		}
		if p.by[holder] += n; p.by[holder] == 0 {
			delete(p.by, holder)
		}
	}
}

func (p *places) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// connect takes a place for a socket or stream of a game, nil for none of its own,
// which the caller must leave. Where there is none it has answered and ok is false.
func (s *Service) connect(c *gin.Context, b *board) (leave func(), ok bool) {
	playerID := httpx.PlayerID(c)
	leave, code, detail := s.places.take(playerID, c.ClientIP(), b != nil && b.seats(playerID))
	if code != "" {
		httpx.Fail(c, code, detail)
		return nil, false
	}
	return leave, true
}
