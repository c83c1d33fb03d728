package history

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// game serves GET /v1/history/games/{id}.
func (s *Service) game(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaJSON, mediaPGN)
	if !ok {
		return
	}
	id := c.Param("game")
	if !schemas.ValidID(id) {
		s.fail(c, errNoGame)
		return
	}
	g, err := s.games.Game(c.Request.Context(), id)
	if err == nil && !viewerOf(c).canSee(g) {
		err = errNoGame
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	if media == mediaJSON {
		c.JSON(http.StatusOK, viewOf(g))
		return
	}
	text, err := pgnOf(g)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Data(http.StatusOK, mediaPGN, text)
}

// list serves GET /v1/history/players/{id or handle}/games.
func (s *Service) list(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaJSON, mediaNDJSON, mediaPGN)
	if !ok {
		return
	}
	q, err := s.query(c)
	if refused, ok := errors.AsType[*refusal](err); ok {
		httpx.Fail(c, refused.code, refused.detail)
		return
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	q.Viewer = viewerOf(c)
	if media == mediaJSON {
		s.page(c, q)
		return
	}
	s.stream(c, q, media)
}

// query parses the request for a list. Players may be named by their handles.
func (s *Service) query(c *gin.Context) (query, error) {
	player, err := s.games.PlayerID(c.Request.Context(), c.Param("player"))
	if err != nil {
		return query{}, err
	}
	return parseQuery(player, c.Request.URL.RawQuery, func(name string) (string, error) {
		return s.games.PlayerID(c.Request.Context(), name)
	})
}

// page answers with one page, and the cursor of the next if there is one.
func (s *Service) page(c *gin.Context, q query) {
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	games, err := s.games.Page(c.Request.Context(), q.filter, q.After, limit+1)
	if err != nil {
		s.fail(c, err)
		return
	}
	page := pageView{}
	if len(games) > limit {
		games = games[:limit]
		page.Next = games[limit-1].pageEnd().cursor(q.filter)
	}
	page.Games = viewsOf(games)
	c.JSON(http.StatusOK, page)
}
