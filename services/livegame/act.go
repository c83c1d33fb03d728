package livegame

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// intent is what a player wants to do, from a request or a frame.
type intent struct {
	kind    schemas.CommandType
	payload any
	what    string // see Service.ask
}

type moveBody struct {
	UCI string `json:"uci"`
	Ply int    `json:"ply"`
}

// intent checks what is certain without the game.
func (b moveBody) intent() (in intent, code schemas.Code, detail string) {
	switch {
	case !validUCI(b.UCI):
		return in, schemas.CodeMalformedMove, "uci: a move such as e2e4 or e7e8q"
	case b.Ply < 0:
		return in, schemas.CodeInvalidField, "ply: counts from 1"
	}
	return intent{schemas.PlayMove, &schemas.PlayMovePayload{UCI: b.UCI, Ply: b.Ply}, b.UCI + " " + strconv.Itoa(b.Ply)}, "", ""
}

// validUCI reports whether s has the form of a move: two squares, and perhaps
// what a pawn becomes.
func validUCI(s string) bool {
	if len(s) != 4 && len(s) != 5 {
		return false
	}
	square := func(s string) bool { return s[0] >= 'a' && s[0] <= 'h' && s[1] >= '1' && s[1] <= '8' }
	if !square(s[:2]) || !square(s[2:4]) {
		return false
	}
	return len(s) == 4 || s[4] == 'q' || s[4] == 'r' || s[4] == 'b' || s[4] == 'n'
}

func (s *Service) move(c *gin.Context) { actBy[moveBody](s, c) }

func (s *Service) resign(c *gin.Context) { s.actPlainly(c, schemas.Resign) }

func (s *Service) abort(c *gin.Context) { s.actPlainly(c, schemas.AbortGame) }

// actPlainly is act for what needs no body.
func (s *Service) actPlainly(c *gin.Context, kind schemas.CommandType) {
	if httpx.BindNothing(c) {
		s.act(c, intent{kind: kind}, "", "")
	}
}

// act sends the player's command and answers with its event.
func (s *Service) act(c *gin.Context, in intent, code schemas.Code, detail string) {
	gameID, playerID := c.Param("id"), httpx.PlayerID(c)
	if !schemas.ValidID(gameID) {
		httpx.Fail(c, schemas.CodeGameNotFound, noSuchGame)
		return
	}
	if code != "" {
		httpx.Fail(c, code, detail)
		return
	}
	at := seat{playerID: playerID}
	if b := s.hub.known(gameID); b != nil && b.seats(playerID) {
		at.gameID = gameID
	}
	if !s.paces.allows(at, time.Now()) {
		httpx.Fail(c, schemas.CodeRateLimited, "slower: "+strconv.Itoa(s.cfg.FrameRate)+" requests a second")
		return
	}
	commandID, ok := httpx.CommandID(c, playerID)
	if !ok {
		return
	}
	cmd, code, detail := s.command(gameID, playerID, commandID, in)
	if code != "" {
		httpx.Fail(c, code, detail)
		return
	}
	o, ok := s.askAndWait(c.Request.Context(), cmd, in.what)
	switch {
	case !ok:
		c.Abort() // the client has gone
	case o.code != "":
		httpx.Fail(c, o.code, o.detail)
	default:
		c.Data(http.StatusOK, "application/json; charset=utf-8", answer(gameID, o))
	}
}

// command makes the command, or says why it is certain to be refused. Only what
// never changes is judged here: who plays. All else the processor knows better.
func (s *Service) command(gameID, playerID, commandID string, in intent) (cmd schemas.Command, code schemas.Code, detail string) {
	cmd = schemas.Command{ID: schemas.GameCommandID(gameID, commandID), Type: in.kind, Key: gameID, Region: s.cfg.Regions[0], Actor: playerID, Payload: in.payload}
	b := s.hub.known(gameID)
	rematch := in.kind == schemas.OfferRematch || in.kind == schemas.AcceptRematch
	var state *game.State
	switch {
	case b != nil:
		state = b.snapshot()
	case rematch: // the game is over, and may have been let go here
		state = s.bygones.recall(gameID)
	}
	if state != nil {
		color, plays := state.ColorOf(playerID)
		switch {
		case !plays && !public(state): // to him it does not exist: the processor says it as of one that does not
			return cmd, "", ""
		case !plays:
			return cmd, schemas.CodeNotAPlayer, "only the two players may do this"
		case rematch && s.closed(state):
			return cmd, schemas.CodePlayerClosed, "an account is closed"
		}
		if claim, ok := in.payload.(*schemas.ClaimVanishedPayload); ok {
			if why := s.gate.shut(); why != "" { // before it is asked since when it is open
				return cmd, schemas.CodeUnavailable, why
			}
			opponent := seatKey{gameID, color.Other()}
			s.lookAt(opponent, state)
			_, gone := b.known()
			gone = gone.from(s.openSince())
			claim.GoneSince, claim.KnownAt = state.GoneSince(opponent.color), *gone.of(opponent.color)
		}
		cmd.Region = state.Region
	}
	return cmd, "", ""
}

// closed reports whether one of the players has closed his account.
func (s *Service) closed(state *game.State) bool {
	for _, id := range []string{state.White.PlayerID, state.Black.PlayerID} {
		if row, ok := s.cfg.Players.Get(id); ok && row.Closed {
			return true
		}
	}
	return false
}

// answer is the body of an accepted command: a function of its events alone, so
// that a repeat gets the same bytes.
func answer(gameID string, o outcome) []byte {
	b := make([]byte, 0, 160+len(o.event))
	b = append(b, `{"id":"`...)
	b = append(b, gameID...)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, o.seq, 10)
	b = append(b, `,"ply":`...)
	b = strconv.AppendInt(b, int64(o.at.plies), 10)
	b = append(b, `,"result":"`...)
	b = append(b, o.at.result...)
	if o.at.termination != "" {
		b = append(b, `","termination":"`...)
		b = append(b, o.at.termination...)
	}
	if o.at.rematch != "" {
		b = append(b, `","rematch":"`...)
		b = append(b, o.at.rematch...)
	}
	b = append(b, `","event":`...)
	b = append(b, o.event...)
	return append(b, '}')
}
