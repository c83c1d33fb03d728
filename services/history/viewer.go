package history

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
)

// viewer is who asks: private games are for their players and for services.
type viewer struct {
	playerID string // "" without a player's token
	all      bool   // a service
}

func viewerOf(c *gin.Context) viewer {
	who, _ := httpx.Principal(c)
	return viewer{who.PlayerID, who.Service != ""}
}

func (v viewer) maySee(g finished) bool {
	return !g.Private || v.all || (v.playerID != "" && (v.playerID == g.White.PlayerID || v.playerID == g.Black.PlayerID))
}
