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
// the places of all; whoever watches without one is counted by address alone.
type places struct {
	most, ofPlayer, ofAddress int // 0: no limit

	mu    sync.Mutex
	taken int
	by    map[string]int // by player id and by address, neither of which can be the other
}

func newPlaces(cfg Config) *places {
	return &places{most: cfg.MaxConnections, ofPlayer: cfg.MaxPerPlayer, ofAddress: cfg.MaxPerAddress, by: make(map[string]int)}
}

// take takes a place; leave gives it back. Where there is none, code says why.
func (p *places) take(playerID, address string) (leave func(), code schemas.Code, detail string) {
	if p.ofAddress == 0 {
		address = "" // nobody asks
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.taken >= p.most:
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

// connect takes a place for a socket or stream, which the caller must leave.
// Where there is none it has answered and ok is false.
func (s *Service) connect(c *gin.Context) (leave func(), ok bool) {
	leave, code, detail := s.places.take(httpx.PlayerID(c), c.RemoteIP())
	if code != "" {
		httpx.Fail(c, code, detail)
		return nil, false
	}
	return leave, true
}
