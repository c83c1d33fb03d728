package livegame

import (
	"errors"
	"iter"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/auth"
	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/limits"
	"tabiya/services/livegame/outbox"
	"tabiya/services/livegame/pending"
	"tabiya/services/livegame/protocol"
	"tabiya/services/livegame/wsconn"
)

// socket is one client's WebSocket to a game. The request's goroutine reads it.
type socket struct {
	service    *Service
	conn       *wsconn.Conn
	gameID     string
	playerID   string // empty if the client is not signed in as a player
	token      string
	ids        wsconn.IDs
	disconnect func(leaving bool) // returned by presence.Tracker.Connect
}

// openSocket is GET /v1/games/{id}/socket.
func (s *Service) openSocket(c *gin.Context) {
	if why := wsconn.UpgradeProblem(c.Request); why != "" {
		c.Header("Upgrade", "websocket")
		c.Header("Connection", "Upgrade")
		httpx.Fail(c, schemas.CodeUpgradeRequired, why)
		return
	}
	if !s.cfg.Origins.Allow(c.Request) {
		httpx.Fail(c, schemas.CodeForbidden, "pages of this origin may not open sockets")
		return
	}
	k := &socket{service: s, gameID: c.Param("id")}
	if !k.authenticate(c) {
		return
	}
	fromSeq, ok := cursor(c, 0)
	if !ok {
		return
	}
	g, ok := s.lookup.HeldOrFinished(c)
	if !ok {
		return
	}
	var place ender
	release, ok := s.acquireConnection(c, g, place.call)
	if !ok {
		return
	}
	defer release()
	httpx.Stream(c)
	plays := g.HasPlayer(k.playerID)
	conn, err := s.sockets.Accept(c.Writer, c.Request, wsconn.Options{
		Player: plays, Direct: httpx.Direct(c), Allow: k.pace(), WriteTimeout: s.cfg.writeTimeout, OnTooSlow: s.metrics.tooSlow.Inc,
	})
	if err != nil {
		c.Abort() // Accept has answered
		return
	}
	k.conn = conn
	place.set(conn.Box().Close)
	httpx.OnSessionEnd(c, func() { conn.Box().Close(outbox.SessionOver) })
	state, end, ok := s.games.Watch(g, held.Watcher{Box: conn.Box(), FromSeq: fromSeq, Spectates: !plays, WantsCount: true})
	if !ok { // it was evicted since the lookup: a client that reconnects finds it
		why := outbox.OutOfStep
		if s.availability.Stopping() {
			why = outbox.GoingAway
		}
		conn.Close(why)
		return
	}
	defer end()
	k.disconnect = s.presence.Connect(g, k.playerID)
	defer k.disconnect(false)
	if fromSeq == 0 {
		fromSeq = state.Seq + 1
	}
	defer conn.Stop()
	if conn.Start(firstItems(s.view(g, state), state, fromSeq)) == nil && conn.Read(k.onFrame) {
		k.disconnect(true)
	}
}

// pace returns what limits the client's frames: the pace of the player, or one of the
// socket's own.
func (k *socket) pace() func(now time.Time) bool {
	if k.playerID != "" {
		return k.service.players.Get(k.playerID).Allow
	}
	limiter := limits.NewRate(opensPerSecond(k.service.cfg))
	return func(now time.Time) bool { return limiter.AllowN(now, 1) }
}

// firstItems yields the state frame and the events of the state, from fromSeq on.
func firstItems(view protocol.Game, state *game.State, fromSeq int64) iter.Seq[outbox.Item] {
	return func(yield func(outbox.Item) bool) {
		if !yield(protocol.StateFrame(view)) {
			return
		}
		for _, ev := range state.Events(fromSeq) {
			if !yield(outbox.EventItem(ev.Seq, ev.Record().Value)) {
				return
			}
		}
	}
}

// authenticate sets the client's token and player id, if the request has a token. If
// the token is invalid, authenticate answers the request and returns false.
func (k *socket) authenticate(c *gin.Context) (ok bool) {
	token := wsconn.OfferedToken(c.Request)
	if c.GetHeader("Authorization") == "" && token != "" && !httpx.AuthenticateToken(c, k.service.cfg.Verifier, token) {
		return false
	}
	k.token, k.playerID = httpx.Token(c), httpx.PlayerID(c)
	return true
}

// onFrame handles one frame. good is false for a malformed frame, one that is not
// text, and one beyond the rate limit.
func (k *socket) onFrame(text []byte, fault wsconn.Fault) (good bool) {
	var f protocol.ClientFrame
	code, detail := schemas.CodeMalformedJSON, "send text frames"
	if fault != wsconn.NotText {
		f, code, detail = protocol.ParseFrame(text)
	}
	if fault == wsconn.TooFast {
		code, detail = schemas.CodeRateLimited, k.service.players.TooFast()
	}
	box := k.conn.Box()
	switch {
	case code == "" && f.Type == protocol.FrameLeave:
		k.disconnect(true)
		box.Close(outbox.Left) // the writer closes the connection, and then conn.Read returns
	case code == "" && f.Type == protocol.FramePing:
		box.Send(protocol.PongFrame(k.conn.RoundTripCs(), schemas.TimeOf(time.Now())))
	case code == "":
		k.act(f)
	case f.ClientMoveID != "" && !k.ids.Known(f.ClientMoveID):
		box.Send(protocol.RefusedFrame(f.ClientMoveID, code, detail)) // each id is answered once
	default:
		box.Send(protocol.ErrorFrame(code, detail))
	}
	return code == ""
}

// act sends the command that a frame asks for, and answers the frame once it has read
// the command's event back.
func (k *socket) act(f protocol.ClientFrame) {
	box := k.conn.Box()
	in, code, detail := f.Intent()
	if move, ok := in.Payload.(*schemas.PlayMovePayload); ok {
		move.LagCs = k.conn.MoveLagCs(f.Lag)
	}
	switch k.ids.Begin(f.ClientMoveID, string(in.Kind), in.Content) {
	case wsconn.Repeated:
		return // the first frame with this id gets, or got, the one answer
	case wsconn.Reused:
		box.Send(protocol.ErrorFrame(schemas.CodeKeyReused, pending.KeyReusedDetail)) // not a refused frame: each id is answered once
		return
	case wsconn.TooMany:
		box.Send(protocol.RefusedFrame(f.ClientMoveID, schemas.CodeRateLimited, "wait for the answers to earlier frames"))
		return
	}
	if code == "" {
		code, detail = k.mayAct()
	}
	var cmd schemas.Command
	if code == "" {
		cmd, code, detail = k.service.actions.Command(k.gameID, k.playerID, k.commandID(f.ClientMoveID), in)
	}
	if code != "" {
		k.ids.End(f.ClientMoveID, false)
		box.Send(protocol.RefusedFrame(f.ClientMoveID, code, detail))
		return
	}
	k.service.actions.Submit(k.service.players.Get(k.playerID), cmd, in.Content, func(o pending.Outcome) {
		k.ids.End(f.ClientMoveID, o.Code == "")
		if o.Code != "" {
			box.Send(protocol.RefusedFrame(f.ClientMoveID, o.Code, o.Detail))
			return
		}
		box.Send(protocol.AckFrame(f.ClientMoveID, o.Seq))
	})
}

// mayAct returns a code and a detail if the client may not send commands. It verifies
// the token again, because a socket may outlive it.
func (k *socket) mayAct() (schemas.Code, string) {
	switch {
	case k.playerID == "" && k.token != "":
		return schemas.CodeForbidden, "this is for players, not for services"
	case k.playerID == "":
		return schemas.CodeUnauthenticated, "this needs a player's token"
	}
	switch _, err := k.service.cfg.Verifier.Verify(k.token); {
	case errors.Is(err, auth.ErrEnded):
		return schemas.CodeSessionEnded, "sign in again and connect again"
	case err != nil:
		return schemas.CodeTokenExpired, "sign in again and connect again"
	}
	return "", ""
}

func (k *socket) commandID(clientMoveID string) string {
	if clientMoveID == "" {
		return schemas.NewID()
	}
	return schemas.CommandID(k.playerID, clientMoveID)
}
