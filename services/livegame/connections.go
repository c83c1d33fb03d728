package livegame

import (
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/limits"
	"tabiya/services/livegame/outbox"
)

// acquireConnection reserves a connection for a socket or stream; the caller must call
// release. g is nil for a TV stream. end is called if the connection must end for
// another one. If the client is not admitted, acquireConnection answers the request and
// returns false; of a player of the game it notes that they are there (ADR 29).
func (s *Service) acquireConnection(c *gin.Context, g *held.Game, end func(outbox.End)) (release func(), ok bool) {
	who := limits.Client{PlayerID: httpx.PlayerID(c), Address: httpx.ClientNetwork(c)}
	if g != nil {
		who.Seat = seatOf(g, who.PlayerID)
	}
	if who.PlayerID != "" && !s.players.Get(who.PlayerID).AllowOpen(time.Now()) {
		if who.Seat != "" {
			s.presence.Attempted(g, who.PlayerID)
		}
		httpx.Fail(c, schemas.CodeRateLimited, "you open connections too fast")
		return nil, false
	}
	release, code, detail := s.connections.Acquire(who, end)
	if code != "" {
		httpx.Fail(c, code, detail)
		return nil, false
	}
	return release, true
}

// seatOf returns the id of a running game that the player plays, else "".
func seatOf(g *held.Game, playerID string) string {
	state, goesOn := g.Running()
	if _, plays := state.ColorOf(playerID); !plays || !goesOn {
		return ""
	}
	return state.ID
}

// ender ends a connection that does not exist yet when its place is reserved.
type ender struct {
	mu  sync.Mutex
	why outbox.End
	end func(outbox.End)
}

// call ends the connection, now or once it exists.
func (e *ender) call(why outbox.End) {
	e.mu.Lock()
	e.why = why
	end := e.end
	e.mu.Unlock()
	if end != nil {
		end(why)
	}
}

// set is called with what ends the connection, once it exists.
func (e *ender) set(end func(outbox.End)) {
	e.mu.Lock()
	e.end = end
	why := e.why
	e.mu.Unlock()
	if why != outbox.Open {
		end(why)
	}
}
