package livegame

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/lookup"
	"tabiya/services/livegame/pending"
	"tabiya/services/livegame/protocol"
)

// move is POST /v1/games/{id}/moves.
func (s *Service) move(c *gin.Context) {
	var body protocol.Move
	if httpx.Bind(c, &body) {
		s.act(c, body.Intent)
	}
}

// act sends the command that a player's request asks for (actions.go builds it) to
// game-commands, waits until it has read the command's event back from game-events,
// and answers with that event. So an answered move is in the log.
func (s *Service) act(c *gin.Context, intent func() (protocol.Intent, schemas.Code, string)) {
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
	by := s.players.Get(playerID)
	if !by.Allow(time.Now()) {
		httpx.Fail(c, schemas.CodeRateLimited, s.tooFast())
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
	o, ok := pending.Wait(c.Request.Context(), func(done func(pending.Outcome)) { s.submit(by, cmd, in.Content, done) })
	switch {
	case !ok:
		c.Abort() // the client has gone
	case o.Code != "":
		httpx.Fail(c, o.Code, o.Detail)
	default:
		c.Data(http.StatusOK, "application/json; charset=utf-8", answer(gameID, o))
	}
}

// answer encodes the body that answers an accepted command. It depends only on the
// command's events, so that a repeated request gets the same bytes.
func answer(gameID string, o pending.Outcome) []byte {
	b := make([]byte, 0, 160+len(o.Envelope))
	b = append(b, `{"id":"`...)
	b = append(b, gameID...)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, o.Seq, 10)
	b = append(b, `,"ply":`...)
	b = strconv.AppendInt(b, int64(o.Standing.Plies), 10)
	b = append(b, `,"result":"`...)
	b = append(b, o.Standing.Result...)
	if o.Standing.Termination != "" {
		b = append(b, `","termination":"`...)
		b = append(b, o.Standing.Termination...)
	}
	if o.Standing.Rematch != "" {
		b = append(b, `","rematch":"`...)
		b = append(b, o.Standing.Rematch...)
	}
	b = append(b, `","event":`...)
	b = append(b, o.Envelope...)
	return append(b, '}')
}
