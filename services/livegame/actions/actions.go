// Package actions sends what players do in their games (moves, offers, claims and the
// like) to Kafka as commands. It answers their requests; a socket answers its frames
// itself, with Command and Submit.
package actions

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/finished"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/limits"
	"tabiya/services/livegame/lookup"
	"tabiya/services/livegame/pending"
	"tabiya/services/livegame/presence"
	"tabiya/services/livegame/protocol"
)

// Players finds rows of the players table.
type Players interface {
	// Get returns the row of a player; ok is false if there is none.
	Get(playerID string) (row *player.State, ok bool)
}

// Handler handles players' actions. All fields must be set.
type Handler struct {
	Games        *held.Games
	Finished     *finished.Games
	Availability *availability.Monitor
	Presence     *presence.Tracker
	Commands     *pending.Commands
	Limits       *limits.Players
	Players      Players
	// Region is that of a command whose game is not held.
	Region string
	// Disconnects returns since when a game's players count as gone.
	Disconnects func(g *held.Game) held.Disconnects
	// Unsent counts the commands that were refused before Kafka, by why.
	Unsent *prometheus.CounterVec
}

// Routes adds the endpoints, below that of a game.
func (h *Handler) Routes(r gin.IRouter) {
	r.POST("/moves", actionWith[protocol.Move](h))
	r.POST("/draw", actionWith[protocol.Draw](h))
	r.POST("/takeback", actionWith[protocol.Takeback](h))
	r.POST("/rematch", actionWith[protocol.Rematch](h))
	r.POST("/claim", actionWith[protocol.Claim](h))
	r.POST("/time", h.action(schemas.AddTime))
	r.POST("/resign", h.action(schemas.Resign))
	r.POST("/abort", h.action(schemas.AbortGame))
}

// action handles a player's request that has no body.
func (h *Handler) action(kind schemas.CommandType) gin.HandlerFunc {
	return func(c *gin.Context) {
		if httpx.BindNothing(c) {
			h.act(c, func() (protocol.Intent, schemas.Code, string) { return protocol.Intent{Kind: kind}, "", "" })
		}
	}
}

// actionWith handles a player's request with a body.
func actionWith[B protocol.Body](h *Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		var body B
		if httpx.Bind(c, &body) {
			h.act(c, body.Intent)
		}
	}
}

// act sends the command that a player's request asks for (command.go builds it) to
// game-commands, waits until it has read the command's event back from game-events,
// and answers with that event. So an answered move is in the log.
func (h *Handler) act(c *gin.Context, intent func() (protocol.Intent, schemas.Code, string)) {
	gameID, playerID := c.Param("id"), httpx.PlayerID(c)
	if !schemas.ValidID(gameID) {
		httpx.Fail(c, schemas.CodeGameNotFound, lookup.NoSuchGame)
		return
	}
	in, code, detail := intent()
	if code != "" {
		httpx.Fail(c, code, detail)
		return
	}
	by := h.Limits.Get(playerID)
	if !by.Allow(time.Now()) {
		httpx.Fail(c, schemas.CodeRateLimited, h.Limits.TooFast())
		return
	}
	commandID, ok := httpx.CommandID(c, playerID)
	if !ok {
		return
	}
	cmd, code, detail := h.Command(gameID, playerID, commandID, in)
	if code != "" {
		httpx.Fail(c, code, detail)
		return
	}
	o, ok := pending.Wait(c.Request.Context(), func(done func(pending.Outcome)) { h.Submit(by, cmd, in.Content, done) })
	switch {
	case !ok:
		c.Abort() // the client has gone
	case o.Code != "":
		httpx.Fail(c, o.Code, o.Detail)
	default:
		c.Data(http.StatusOK, "application/json; charset=utf-8", answer(gameID, o))
	}
}
