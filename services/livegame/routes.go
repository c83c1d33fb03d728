package livegame

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/protocol"
)

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	games := r.Group("/v1/games", httpx.Authenticate(s.cfg.Verifier))
	games.POST("", httpx.RequireService, s.create)
	games.GET("", s.list)
	games.GET("/:id", s.show)
	games.GET("/:id/events", s.stream)
	games.GET("/:id/socket", s.openSocket)

	tv := r.Group("/v1/tv", httpx.Authenticate(s.cfg.Verifier))
	tv.GET("", s.tv)
	tv.GET("/:speed/events", s.tvEvents)

	players := games.Group("/:id", httpx.RequirePlayer)
	players.POST("/moves", s.move)
	players.POST("/draw", actionWith[protocol.Draw](s))
	players.POST("/takeback", actionWith[protocol.Takeback](s))
	players.POST("/rematch", actionWith[protocol.Rematch](s))
	players.POST("/claim", actionWith[protocol.Claim](s))
	players.POST("/time", s.action(schemas.AddTime))
	players.POST("/resign", s.action(schemas.Resign))
	players.POST("/abort", s.action(schemas.AbortGame))
}
