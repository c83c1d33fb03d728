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

// view shows a game as it stands with state, and how many watch it.
func (s *Service) view(g *held.Game, state *game.State) protocol.Game {
	v := protocol.GameOf(state, s.disconnects(g))
	watchers := g.Spectators()
	v.Watchers = &watchers
	return v
}

// disconnects says since when players count as gone: a player could not come back
// while no command could be answered, so not before that.
func (s *Service) disconnects(g *held.Game) held.Disconnects {
	return g.Disconnects().NotBefore(s.availability.Since())
}
