package livegame

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/protocol"
)

// show is GET /v1/games/{id}.
func (s *Service) show(c *gin.Context) {
	if g, ok := s.lookup.Held(c); ok {
		c.JSON(http.StatusOK, s.view(g, g.State()))
	}
}

// view returns the JSON view of a game at a state, with the number of spectators.
func (s *Service) view(g *held.Game, state *game.State) protocol.Game {
	v := protocol.GameOf(state, s.disconnects(g))
	watchers := g.Spectators()
	v.Watchers = &watchers
	return v
}

// disconnects returns since when players count as gone. No time is earlier than the
// end of the last outage: until then a player could not report back.
func (s *Service) disconnects(g *held.Game) held.Disconnects {
	return g.Disconnects().NotBefore(s.availability.AvailableSince())
}
