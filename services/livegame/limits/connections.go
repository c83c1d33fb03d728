// Package limits bounds what clients may use of an instance: open connections, and what
// each player does. The numbers are in livegame.Config.
package limits

import (
	"container/list"
	"fmt"
	"slices"
	"sync"

	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
)

const (
	// playersShare sets the connections that are reserved: one connection in playersShare
	// is reserved for players of running games. A player kept out by watchers would count
	// as gone, and the opponent could claim the game.
	playersShare = 4
	// maxPerSeat is the number of connections that a player may have to a game they play:
	// a page, another tab, and one that is about to be noticed as lost.
	maxPerSeat = 3
)

// Connections counts open sockets and streams. A player of a running game is always
// admitted, and never counted against an address or the player: beyond maxPerSeat they
// lose their oldest connection to the game, and at the limit of the instance watchers go
// first. So the connections are at most max, or maxPerSeat for each seat of the running
// games if all of them are players.
type Connections struct {
	max, perPlayer, perAddress int

	mu       sync.Mutex
	total    int
	by       map[string]int    // watchers by player id and by address, which are never equal
	watchers list.List         // of *place, the newest last
	seats    map[seat][]*place // the oldest first
}

// seat is a player in a running game.
type seat struct{ gameID, playerID string }

// place is one open connection.
type place struct {
	Client
	end     func(why outbox.End)
	watcher *list.Element // nil for a player
	free    bool
}

// Client is who asks for a connection.
type Client struct {
	PlayerID string // empty without a player's token
	Address  string // for IPv6, a network
	Seat     string // the id of the running game that the player plays; empty for a watcher
}

// NewConnections creates Connections of max in all, and of perPlayer and perAddress
// watchers.
func NewConnections(max, perPlayer, perAddress int) *Connections {
	return &Connections{max: max, perPlayer: perPlayer, perAddress: perAddress, by: make(map[string]int), seats: make(map[seat][]*place)}
}

// Acquire reserves a connection, which release frees. end is called if the connection
// must end for another one; it must not block. If a limit is reached, release is nil, and
// code and detail name the limit.
func (c *Connections) Acquire(who Client, end func(why outbox.End)) (release func(), code schemas.Code, detail string) {
	p := &place{Client: who, end: end}
	c.mu.Lock()
	if who.Seat == "" {
		code, detail = c.addWatcher(p)
		c.mu.Unlock()
		if code != "" {
			return nil, code, detail
		}
		return func() { c.release(p) }, "", ""
	}
	ended, why := c.addPlayer(p)
	c.mu.Unlock()
	if ended != nil {
		ended.end(why)
	}
	return func() { c.release(p) }, "", ""
}

func (c *Connections) addWatcher(p *place) (code schemas.Code, detail string) {
	switch {
	case c.total >= c.max-c.max/playersShare:
		return schemas.CodeTooManyConnections, "this instance takes no more connections"
	case p.PlayerID != "" && c.by[p.PlayerID] >= c.perPlayer:
		return schemas.CodeRateLimited, fmt.Sprintf("a player may have at most %d sockets and streams to games that they do not play: close one", c.perPlayer)
	case c.by[p.Address] >= c.perAddress:
		return schemas.CodeRateLimited, fmt.Sprintf("an address may have at most %d sockets and streams: close one", c.perAddress)
	}
	c.total++
	c.count(1, p)
	p.watcher = c.watchers.PushBack(p)
	return "", ""
}

// addPlayer returns the place that the player's connection takes, if it takes one.
func (c *Connections) addPlayer(p *place) (ended *place, why outbox.End) {
	at := seat{p.Seat, p.PlayerID}
	own := c.seats[at]
	switch newest := c.watchers.Back(); {
	case len(own) >= maxPerSeat:
		ended, why = own[0], outbox.Replaced
	case c.total < c.max:
	case newest != nil: // those who came first stay: an attack comes later
		ended, why = newest.Value.(*place), outbox.MadeRoom
	case len(own) > 0:
		ended, why = own[0], outbox.Replaced
	}
	if ended != nil {
		c.freeLocked(ended)
	}
	c.total++
	c.seats[at] = append(c.seats[at], p)
	return ended, why
}

func (c *Connections) release(p *place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.freeLocked(p)
}

func (c *Connections) freeLocked(p *place) {
	if p.free {
		return
	}
	p.free = true
	c.total--
	if p.watcher != nil {
		c.watchers.Remove(p.watcher)
		c.count(-1, p)
		return
	}
	at := seat{p.Seat, p.PlayerID}
	if c.seats[at] = slices.DeleteFunc(c.seats[at], func(q *place) bool { return q == p }); len(c.seats[at]) == 0 {
		delete(c.seats, at)
	}
}

func (c *Connections) count(n int, p *place) {
	for _, holder := range []string{p.PlayerID, p.Address} {
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
