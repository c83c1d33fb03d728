// Package newgame serves POST /v1/games, with which services create games.
package newgame

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/lookup"
	"tabiya/services/livegame/pending"
	"tabiya/services/livegame/protocol"
)

// Players is the view of the players table.
type Players interface {
	// WaitFor returns the row of a player. It waits for the row until ctx is done;
	// then ok is false.
	WaitFor(ctx context.Context, playerID string) (row *player.State, ok bool)
	// Find returns the row of the player with a handle in lower case.
	Find(handle string) (row *player.State, ok bool)
}

// Handler handles requests for games. All fields must be set.
type Handler struct {
	Games        *held.Games
	Lookup       *lookup.Finder
	Availability *availability.Monitor
	Commands     *pending.Commands
	Players      Players
	// Regions are those in which a game can be created; the first is the default.
	Regions []string
	// AnswerTimeout is how long a request waits for its game's events.
	AnswerTimeout time.Duration
	Logger        *slog.Logger
}

type body struct {
	White       string               `json:"white"` // players' ids or handles; check makes them ids
	Black       string               `json:"black"`
	TimeControl *schemas.TimeControl `json:"timeControl"`
	Rated       bool                 `json:"rated"`
	Private     bool                 `json:"private"` // only the players and services may see it
	FEN         string               `json:"fen"`     // the starting position; empty for the standard one
	Region      string               `json:"region"`  // default: the first of Handler.Regions
}

// viewTimeout is how long Create waits for a new player to appear in the view of the
// players table.
const viewTimeout = 2 * time.Second

// maxClockSkew is how far a client's clock may be ahead of the server's.
const maxClockSkew = 30 * time.Second

// Create is POST /v1/games. The game's id is derived from the command's id, so that
// the same Idempotency-Key means the same game.
func (h *Handler) Create(c *gin.Context) {
	var wanted body
	if !httpx.Bind(c, &wanted) {
		return
	}
	if why := h.Availability.WhyNoCommands(); why != "" { // the view of players may be out of date then
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	if !h.check(c, &wanted) {
		return
	}
	who, _ := httpx.Principal(c)
	commandID, ok := httpx.CommandID(c, "service/"+who.Service)
	if !ok {
		return
	}
	deadline, ok := creationDeadline(c)
	if !ok {
		return
	}
	gameID := schemas.DerivedID(commandID, "game", 0)
	payload := &schemas.CreateGamePayload{TimeControl: *wanted.TimeControl, Rated: wanted.Rated, Private: wanted.Private, FEN: wanted.FEN, Deadline: deadline}
	if !h.fillPlayers(c, gameID, &wanted, payload) {
		return
	}
	cmd := schemas.Command{
		ID: commandID, Type: schemas.CreateGame, Key: gameID, Region: wanted.Region,
		Actor: schemas.ActorService, Payload: payload,
	}
	content := fmt.Sprintf("%s %s %d+%d %t %t %s", wanted.White, wanted.Black, wanted.TimeControl.InitialCs, wanted.TimeControl.IncrementCs, wanted.Rated, wanted.Private, wanted.FEN)
	o, ok := h.Commands.SendAndWait(c.Request.Context(), cmd, content)
	switch {
	case !ok:
		c.Abort() // the client has gone
	case o.Code != "":
		httpx.Fail(c, o.Code, o.Detail)
	default:
		h.created(c, gameID)
	}
}

// creationDeadline returns the deadline of the request: the time until which it may
// create its game. A repeat under the same key gets the same deadline, because the key
// holds the time of the first request. If the key is invalid or too old,
// creationDeadline answers the request and returns false.
func creationDeadline(c *gin.Context) (deadline schemas.Time, ok bool) {
	now := time.Now()
	made := now
	if key := c.GetHeader("Idempotency-Key"); key != "" {
		made, ok = schemas.TimeOfID(key)
		switch {
		case !ok || made.After(now.Add(maxClockSkew)):
			httpx.Fail(c, schemas.CodeInvalidIdempotency, "the Idempotency-Key of a request for a game must be a UUIDv7 made with the request")
			return 0, false
		case made.Before(now.Add(-schemas.CreateWithin)):
			httpx.Fail(c, schemas.CodeKeyExpired, "a request for a game expires a minute after its Idempotency-Key was made: check whether the game exists, then send a new request with a new key")
			return 0, false
		}
	}
	return schemas.TimeOf(made.Add(schemas.CreateWithin)), true
}

// maxFEN is longer than any position's FEN: 64 squares, 7 slashes, five fields.
const maxFEN = 120

// check sets the default region, and ids for handles. If no game can have this body,
// check answers the request and returns false.
func (h *Handler) check(c *gin.Context, wanted *body) bool {
	for _, name := range []*string{&wanted.White, &wanted.Black} {
		if *name == "" {
			httpx.Fail(c, schemas.CodeInvalidField, "white and black: ids or handles of players")
			return false
		}
		id, ok := lookup.PlayerID(h.Players, *name)
		if !ok {
			httpx.Fail(c, schemas.CodePlayerNotFound, fmt.Sprintf("there is no player %.40q", *name))
			return false
		}
		*name = id
	}
	if wanted.Region == "" {
		wanted.Region = h.Regions[0]
	}
	switch {
	case wanted.White == wanted.Black:
		httpx.Fail(c, schemas.CodeSamePlayer, "white and black: two different players")
	case wanted.TimeControl == nil:
		httpx.Fail(c, schemas.CodeInvalidField, "timeControl: initialCs and incrementCs")
	case wanted.TimeControl.Validate() != nil:
		httpx.Fail(c, schemas.CodeInvalidTimeControl, wanted.TimeControl.Validate().Error())
	case len(wanted.FEN) > maxFEN:
		httpx.Fail(c, schemas.CodeInvalidFEN, "fen: a position has at most "+strconv.Itoa(maxFEN)+" characters")
	case wanted.Rated && wanted.FEN != "":
		httpx.Fail(c, schemas.CodeInvalidField, "rated: a game from a position is not rated")
	case !slices.Contains(h.Regions, wanted.Region):
		httpx.Fail(c, schemas.CodeUnknownRegion, "the regions are "+strings.Join(h.Regions, ", "))
	default:
		return true
	}
	return false
}

// fillPlayers sets the players' handles and ratings, as they are now. If the game
// exists already, it sets them as they were at its creation, because a repeat must ask
// for the same game and ratings may have changed. If a player does not exist or has
// closed their account, fillPlayers answers the request and returns false.
func (h *Handler) fillPlayers(c *gin.Context, gameID string, wanted *body, p *schemas.CreateGamePayload) (ok bool) {
	if exists := h.Games.State(gameID); exists != nil && exists.White.PlayerID == wanted.White && exists.Black.PlayerID == wanted.Black {
		p.White, p.Black = exists.White, exists.Black
		return true
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), viewTimeout)
	defer cancel()
	for id, player := range map[string]*schemas.Seated{wanted.White: &p.White, wanted.Black: &p.Black} {
		row, ok := h.Players.WaitFor(ctx, id)
		switch {
		case !ok:
			httpx.Fail(c, schemas.CodePlayerNotFound, "there is no player "+id)
			return false
		case row.Closed:
			httpx.Fail(c, schemas.CodePlayerClosed, "the account of "+row.Handle+" is closed")
			return false
		}
		r := row.RatingAt(p.TimeControl.Speed(), schemas.TimeOf(time.Now()))
		*player = schemas.Seated{PlayerID: id, Handle: row.Handle, Rating: r.Rating, Deviation: r.Deviation}
	}
	return true
}

// created answers with the game's initial state, so that every repeat of the request
// gets the same answer.
func (h *Handler) created(c *gin.Context, gameID string) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), h.AnswerTimeout)
	defer cancel()
	state, ok := h.Lookup.StateAt(ctx, gameID, initialSeq)
	if !ok {
		httpx.Fail(c, schemas.CodeOutcomeUnknown, "the game cannot be read yet; the same Idempotency-Key asks again")
		return
	}
	if state.Seq > initialSeq {
		var err error
		if state, err = initialState(state); err != nil {
			httpx.FailErr(c, h.Logger, err)
			return
		}
	}
	c.Header("Location", "/v1/games/"+gameID)
	c.JSON(http.StatusCreated, protocol.GameOf(state, held.Disconnects{}))
}

// initialSeq is the seq of GameStarted, which follows GameCreated.
const initialSeq = 2

// initialState returns the state of a game after GameStarted.
func initialState(state *game.State) (initial *game.State, err error) {
	for seq := int64(1); seq <= initialSeq; seq++ {
		ev, _ := state.EventAt(seq)
		if initial, err = game.Apply(initial, ev); err != nil {
			return nil, fmt.Errorf("fold the initial state of game %s: %w", state.ID, err)
		}
	}
	return initial, nil
}
