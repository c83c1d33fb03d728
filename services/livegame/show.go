package livegame

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const noSuchGame = "no such game is being played; a finished one is in history, GET /v1/history/games/{id}"

// show is GET /v1/games/{id}.
func (s *Service) show(c *gin.Context) {
	b, ok := s.watched(c)
	if !ok {
		return
	}
	c.JSON(http.StatusOK, s.view(b, b.snapshot()))
}

// view is what is shown of a game as it stands with state, and who watches it.
func (s *Service) view(b *board, state *game.State) gameView {
	watchers, gone := b.known()
	v := viewOf(state, gone.from(s.openSince()))
	v.Watchers = &watchers
	return v
}

// openSince is since when those who come back can be told to be there.
func (s *Service) openSince() schemas.Time { return schemas.Time(s.gate.opened.Load()) }

// watched gives the board that the path names. Where there is none it has
// answered and ok is false.
func (s *Service) watched(c *gin.Context) (b *board, ok bool) {
	gameID := c.Param("id")
	if !schemas.ValidID(gameID) {
		httpx.Fail(c, schemas.CodeGameNotFound, noSuchGame)
		return nil, false
	}
	if why := s.gate.unread(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return nil, false
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), patience)
	defer cancel()
	who, _ := httpx.Principal(c)
	if b = s.hub.find(ctx, gameID, func(state *game.State) bool { return mayWatch(who, state) }); b == nil {
		if why := s.gate.shut(); why != "" { // it may have begun meanwhile
			httpx.Fail(c, schemas.CodeUnavailable, why)
			return nil, false
		}
		httpx.Fail(c, schemas.CodeGameNotFound, noSuchGame)
		return nil, false
	}
	return b, true
}

// readable is watched for those who read a game's events: of a game that is not
// held any more, the log has them.
func (s *Service) readable(c *gin.Context) (b *board, ok bool) {
	gameID := c.Param("id")
	if !schemas.ValidID(gameID) || s.gate.unread() != "" {
		return s.watched(c)
	}
	who, _ := httpx.Principal(c)
	if b := s.hub.known(gameID); b != nil {
		if !mayWatch(who, b.snapshot()) {
			return s.watched(c)
		}
		return b, true
	}
	state, err := s.bygones.find(c.Request.Context(), gameID)
	switch {
	case errors.Is(err, errNotInReach):
		httpx.Fail(c, schemas.CodeGameNotFound, err.Error()+"; the game is in history, GET /v1/history/games/{id}")
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	case err != nil:
		s.cfg.Logger.Warn("finished game not read", "err", err, "game_id", gameID)
		httpx.Fail(c, schemas.CodeUnavailable, "finished games cannot be read now")
	case state == nil || !mayWatch(who, state):
		return s.watched(c)
	default:
		return &board{state: state, bygone: true}, true
	}
	return nil, false
}
