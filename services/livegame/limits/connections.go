// Package limits bounds what clients may use of an instance: open connections, and
// requests or frames a second. The numbers are in livegame.Config.
package limits

import (
	"fmt"
	"sync"

	"tabiya/schemas"
)

// playersShare sets the connections that are reserved: one connection in playersShare is
// reserved for players. A player kept out by spectators would count as gone, and the
// opponent could claim the game.
const playersShare = 4

// Connections counts open sockets and streams: in total, by player id and by address.
// The count by player id keeps one account from taking all connections; a client
// without a player's token is counted by address only.
type Connections struct {
	max, perPlayer, perAddress int // perAddress 0: no limit

	mu    sync.Mutex
	total int
	by    map[string]int // by player id and by address, which are never equal
}

// NewConnections creates Connections. perAddress 0 means no limit by address.
func NewConnections(max, perPlayer, perAddress int) *Connections {
	return &Connections{max: max, perPlayer: perPlayer, perAddress: perAddress, by: make(map[string]int)}
}

// Acquire reserves a connection, which release frees. plays is whether the client is a
// player of the game. If a limit is reached, release is nil, and code and detail name
// the limit.
func (c *Connections) Acquire(playerID, address string, plays bool) (release func(), code schemas.Code, detail string) {
	limit := c.max
	if !plays {
		limit -= limit / playersShare
	}
	if c.perAddress == 0 {
		address = "" // not counted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.total >= limit:
		return nil, schemas.CodeTooManyConnections, "this instance takes no more connections"
	case playerID != "" && c.by[playerID] >= c.perPlayer:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("a player may have at most %d sockets and streams: close one", c.perPlayer)
	case address != "" && c.by[address] >= c.perAddress:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("an address may have at most %d sockets and streams: close one", c.perAddress)
	}
	c.add(1, playerID, address)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.add(-1, playerID, address)
	}, "", ""
}

func (c *Connections) add(n int, holders ...string) {
	c.total += n
	for _, holder := range holders {
		if holder == "" {
			continue
		}
		if c.by[holder] += n; c.by[holder] == 0 {
			delete(c.by, holder)
		}
	}
}

// Len returns the number of open connections.
func (c *Connections) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}
