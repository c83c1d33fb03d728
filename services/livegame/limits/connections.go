// Package limits bounds what clients may take of an instance: open connections,
// and requests or frames a second.
package limits

import (
	"fmt"
	"sync"

	"tabiya/schemas"
)

// playersShare is the part of all connections, one in playersShare, that only the
// players of the games may use: a player kept out by watchers would count as gone,
// and their opponent could claim the game.
const playersShare = 4

// Connections counts open sockets and streams: in all, of one player and from one
// address. A player is counted by their token, so that one account cannot take all
// connections; a watcher without a token is counted by address alone.
type Connections struct {
	max, perPlayer, perAddress int // perAddress 0: no limit

	mu    sync.Mutex
	total int
	by    map[string]int // by player id and by address, which cannot be equal
}

// NewConnections makes the count. perAddress 0 means no limit by address.
func NewConnections(max, perPlayer, perAddress int) *Connections {
	return &Connections{max: max, perPlayer: perPlayer, perAddress: perAddress, by: make(map[string]int)}
}

// Acquire counts a connection, of a player of the game or of a watcher; release
// ends it. If there is none left, code and detail say why.
func (c *Connections) Acquire(playerID, address string, plays bool) (release func(), code schemas.Code, detail string) {
	most := c.max
	if !plays {
		most -= most / playersShare
	}
	if c.perAddress == 0 {
		address = "" // not counted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.total >= most:
		return nil, schemas.CodeTooManyConnections, "this instance takes no more connections"
	case playerID != "" && c.by[playerID] >= c.perPlayer:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("a player has %d sockets and streams at most: close one", c.perPlayer)
	case address != "" && c.by[address] >= c.perAddress:
		return nil, schemas.CodeRateLimited, fmt.Sprintf("an address has %d sockets and streams at most: close one", c.perAddress)
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

// Len is the number of open connections.
func (c *Connections) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}
