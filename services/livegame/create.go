package livegame

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

type createBody struct {
	White       string               `json:"white"` // player ids
	Black       string               `json:"black"`
	TimeControl *schemas.TimeControl `json:"timeControl"`
	Rated       bool                 `json:"rated"`
	Private     bool                 `json:"private"` // only the players and services may see it
	FEN         string               `json:"fen"`     // where it begins, if not from the start
	Region      string               `json:"region"`  // the first of the config where left out
}

// indexPatience is how long a player may take from his registration to the
// index.
const indexPatience = 2 * time.Second

// clocksApart is how far a client's clock may be ahead of ours.
const clocksApart = 30 * time.Second

// create is POST /v1/games. The game's id follows from the command's, so that
// the same Idempotency-Key means the same game.
func (s *Service) create(c *gin.Context) {
	var body createBody
	if !httpx.Bind(c, &body) || !s.check(c, &body) {
		return
	}
	if why := s.gate.shut(); why != "" { // and the index of players stands still
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	who, _ := httpx.Principal(c)
	commandID, ok := httpx.CommandID(c, "service/"+who.Service)
	if !ok {
		return
	}
	latest, ok := latestBirth(c)
	if !ok {
		return
	}
	gameID := schemas.DerivedID(commandID, "game", 0)
	payload := &schemas.CreateGamePayload{TimeControl: *body.TimeControl, Rated: body.Rated, Private: body.Private, FEN: body.FEN, Deadline: latest}
	if !s.seat(c, gameID, body, payload) {
		return
	}
	cmd := schemas.Command{
		ID: commandID, Type: schemas.CreateGame, Key: gameID, Region: body.Region,
		Actor: schemas.ActorService, Payload: payload,
	}
	what := fmt.Sprintf("%s %s %d+%d %t %t %s", body.White, body.Black, body.TimeControl.InitialCs, body.TimeControl.IncrementCs, body.Rated, body.Private, body.FEN)
	o, ok := s.askAndWait(c.Request.Context(), cmd, what)
	switch {
	case !ok:
		c.Abort() // the client has gone
	case o.code != "":
		httpx.Fail(c, o.code, o.detail)
	default:
		s.created(c, gameID)
	}
}

// latestBirth is until when the request may make its game: the same for each
// repeat, since the key tells when it was first made.
func latestBirth(c *gin.Context) (schemas.Time, bool) {
	now := time.Now()
	made := now
	if key := c.GetHeader("Idempotency-Key"); key != "" {
		var ok bool
		made, ok = schemas.BornAt(key)
		switch {
		case !ok || made.After(now.Add(clocksApart)):
			httpx.Fail(c, schemas.CodeInvalidIdempotency, "to make a game the Idempotency-Key is a UUIDv7 made with the request")
			return 0, false
		case made.Before(now.Add(-schemas.CreateWithin)):
			httpx.Fail(c, schemas.CodeKeyExpired, "a request for a game is good for a minute from its Idempotency-Key's own time: look whether the game is there, and make a new request with a new key")
			return 0, false
		}
	}
	return schemas.TimeOf(made.Add(schemas.CreateWithin)), true
}

// maxFEN is longer than any position's FEN: 64 squares, 7 slashes, five fields.
const maxFEN = 120

// check refuses what no game can be.
func (s *Service) check(c *gin.Context, body *createBody) bool {
	if body.Region == "" {
		body.Region = s.cfg.Regions[0]
	}
	switch {
	case !schemas.ValidID(body.White) || !schemas.ValidID(body.Black):
		httpx.Fail(c, schemas.CodeInvalidField, "white and black: player ids")
	case body.White == body.Black:
		httpx.Fail(c, schemas.CodeSamePlayer, "nobody plays himself")
	case body.TimeControl == nil:
		httpx.Fail(c, schemas.CodeInvalidField, "timeControl: initialCs and incrementCs")
	case body.TimeControl.Validate() != nil:
		httpx.Fail(c, schemas.CodeInvalidTimeControl, body.TimeControl.Validate().Error())
	case len(body.FEN) > maxFEN:
		httpx.Fail(c, schemas.CodeInvalidFEN, "fen: a position takes fewer characters")
	case body.Rated && body.FEN != "":
		httpx.Fail(c, schemas.CodeInvalidField, "rated: a game from a position is not rated")
	case !slices.Contains(s.cfg.Regions, body.Region):
		httpx.Fail(c, schemas.CodeUnknownRegion, "the regions are "+strings.Join(s.cfg.Regions, ", "))
	default:
		return true
	}
	return false
}

// seat fills in the players as they are now. If the game is there already, as
// they came to it: their ratings may have changed, and the request is the same.
func (s *Service) seat(c *gin.Context, gameID string, body createBody, p *schemas.CreateGamePayload) bool {
	if there := s.hub.state(gameID); there != nil && there.White.PlayerID == body.White && there.Black.PlayerID == body.Black {
		p.White, p.Black = there.White, there.Black
		return true
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), indexPatience)
	defer cancel()
	for id, seat := range map[string]*schemas.Seated{body.White: &p.White, body.Black: &p.Black} {
		row, ok := s.cfg.Players.WaitFor(ctx, id)
		switch {
		case !ok:
			httpx.Fail(c, schemas.CodePlayerNotFound, "there is no player "+id)
			return false
		case row.Closed:
			httpx.Fail(c, schemas.CodePlayerClosed, "the account of "+row.Handle+" is closed")
			return false
		}
		r := row.Rating(p.TimeControl.Speed())
		*seat = schemas.Seated{PlayerID: id, Handle: row.Handle, Rating: r.Rating, Deviation: r.Deviation}
	}
	return true
}

// created answers with the game as it began: the same to each who asks again.
func (s *Service) created(c *gin.Context, gameID string) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.AnswerTimeout)
	defer cancel()
	state, ok := s.stateAt(ctx, gameID, 2)
	if !ok {
		httpx.Fail(c, schemas.CodeOutcomeUnknown, "the game is not to be seen yet; the same Idempotency-Key asks again")
		return
	}
	if state.Seq > 2 {
		var err error
		if state, err = asItBegan(state); err != nil {
			httpx.FailErr(c, s.cfg.Logger, err)
			return
		}
	}
	c.Header("Location", "/v1/games/"+gameID)
	c.JSON(http.StatusCreated, viewOf(state, departures{}))
}

func asItBegan(state *game.State) (began *game.State, err error) {
	for seq := int64(1); seq <= 2; seq++ {
		ev, _ := state.EventAt(seq)
		if began, err = game.Apply(began, ev); err != nil {
			return nil, fmt.Errorf("make game %s again: %w", state.ID, err)
		}
	}
	return began, nil
}
