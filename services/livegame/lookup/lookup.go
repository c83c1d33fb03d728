// Package lookup finds the game, and the player, that a request names.
package lookup

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/finished"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
)

// NoSuchGame is the detail of CodeGameNotFound.
const NoSuchGame = "no such game is being played; a finished one is in history, GET /v1/history/games/{id}"

// Finder finds a game, held or finished, and can wait for a given event. All fields
// must be set.
type Finder struct {
	Games        *held.Games
	Finished     *finished.Games
	Availability *availability.Monitor
	// Reread asks for a read of the game's row from games-table.
	Reread func(gameID string)
	Logger *slog.Logger
}

// MaySee reports whether the client of a request may see a game.
func MaySee(c *gin.Context, state *game.State) bool {
	who, _ := httpx.Principal(c)
	return held.MaySee(who.PlayerID, who.Service != "", state)
}

// Held returns the held game that the path names. It waits a moment for a game that may
// have just been created. If there is none that the client may see, Held answers the
// request and returns false.
func (f *Finder) Held(c *gin.Context) (g *held.Game, ok bool) {
	gameID := c.Param("id")
	if !schemas.ValidID(gameID) {
		httpx.Fail(c, schemas.CodeGameNotFound, NoSuchGame)
		return nil, false
	}
	if why := f.Availability.WhyNoReads(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return nil, false
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), held.FindTimeout)
	defer cancel()
	if g = f.Games.Find(ctx, gameID, func(state *game.State) bool { return MaySee(c, state) }); g == nil {
		if why := f.Availability.WhyNoCommands(); why != "" { // the game may have begun during the outage
			httpx.Fail(c, schemas.CodeUnavailable, why)
			return nil, false
		}
		httpx.Fail(c, schemas.CodeGameNotFound, NoSuchGame)
		return nil, false
	}
	return g, true
}

// HeldOrFinished is like Held, but also finds finished games.
func (f *Finder) HeldOrFinished(c *gin.Context) (g *held.Game, ok bool) {
	gameID := c.Param("id")
	if !schemas.ValidID(gameID) || f.Availability.WhyNoReads() != "" {
		return f.Held(c)
	}
	if g := f.Games.Get(gameID); g != nil {
		if !MaySee(c, g.State()) {
			return f.Held(c)
		}
		return g, true
	}
	state, err := f.Finished.Find(c.Request.Context(), gameID)
	switch {
	case errors.Is(err, finished.ErrOutOfReach):
		httpx.Fail(c, schemas.CodeGameNotFound, err.Error()+"; the game is in history, GET /v1/history/games/{id}")
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	case err != nil:
		f.Logger.Warn("finished game not read", "err", err, "game_id", gameID)
		httpx.Fail(c, schemas.CodeUnavailable, "finished games cannot be read now")
	case state == nil || !MaySee(c, state):
		return f.Held(c)
	default:
		return held.NewEnded(state), true
	}
	return nil, false
}

// StateAt returns a game's state, after event seq or a later one. It waits for the event
// until ctx is done; then ok is false.
func (f *Finder) StateAt(ctx context.Context, gameID string, seq int64) (state *game.State, ok bool) {
	if f.Games.Get(gameID) == nil { // it ended and was evicted, or has just begun
		if state := f.Finished.Recall(gameID); state != nil && state.Seq >= seq {
			return state, true
		}
		f.Games.Expect(gameID)
		f.Reread(gameID)
	}
	g := f.Games.Find(ctx, gameID, func(*game.State) bool { return true })
	if g == nil {
		return nil, false
	}
	box := outbox.New(func() {}) // only signals; events that do not fit are in the state
	state, end, ok := f.Games.Watch(g, held.Watcher{Box: box, FromSeq: seq})
	if !ok {
		return nil, false
	}
	defer end()
	for state.Seq < seq {
		select {
		case <-box.Ready():
			state = g.State()
		case <-ctx.Done():
			return nil, false
		}
	}
	return state, true
}
