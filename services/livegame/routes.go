package livegame

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
)

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	games := r.Group("/v1/games", httpx.Authenticate(s.cfg.Verifier))
	games.POST("", httpx.RequireService, s.newgame.Create)
	games.GET("", s.list)
	games.GET("/:id", s.show)
	games.GET("/:id/events", s.stream)
	games.GET("/:id/socket", s.openSocket)

	tv := r.Group("/v1/tv", httpx.Authenticate(s.cfg.Verifier))
	tv.GET("", s.tv)
	tv.GET("/:speed/events", s.tvEvents)

	s.actions.Routes(games.Group("/:id", httpx.RequirePlayer))
}
