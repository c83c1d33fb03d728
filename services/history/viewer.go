package history

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
)

// viewer is the client of a request. Private games are visible only to their
// players and to services.
type viewer struct {
	playerID string // empty without a player's token
	all      bool   // true for a service
}

func viewerOf(c *gin.Context) viewer {
	principal, _ := httpx.Principal(c)
	return viewer{principal.PlayerID, principal.Service != ""}
}

func (v viewer) canSee(g finished) bool {
	return !g.Private || v.all || (v.playerID != "" && (v.playerID == g.White.PlayerID || v.playerID == g.Black.PlayerID))
}
