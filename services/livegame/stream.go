package livegame

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/eventstream"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
)

// stream is GET /v1/games/{id}/events: the game's events from from_seq on, as they
// are in the log. It ends when nothing can follow: offers of a rematch come after
// the game's end.
func (s *Service) stream(c *gin.Context) {
	media, ok := httpx.Accept(c, eventstream.NDJSON, eventstream.SSE)
	if !ok {
		return
	}
	from, ok := cursor(c, 1)
	if !ok {
		return
	}
	g, ok := s.lookup.HeldOrFinished(c)
	if !ok {
		return
	}
	release, ok := s.acquireConnection(c, g)
	if !ok {
		return
	}
	defer release()
	playerID := httpx.PlayerID(c)
	box := outbox.New(s.metrics.tooSlow.Inc)
	w := held.Watcher{
		Box: box, From: from, Spectates: !g.HasPlayer(playerID),
		Counts: media == eventstream.SSE, // an NDJSON stream has the log's events and nothing else
	}
	state, end, ok := s.games.Watch(g, w)
	if !ok { // it was evicted in between
		if g, ok = s.lookup.HeldOrFinished(c); !ok {
			return
		}
		if state, end, ok = s.games.Watch(g, w); !ok {
			httpx.Fail(c, schemas.CodeUnavailable, outbox.OutOfStep.String())
			return
		}
	}
	defer end()
	defer s.presence.Connect(g, playerID)(false)
	if !g.Held() && from > state.Seq {
		c.Status(http.StatusNoContent) // which tells a browser not to reconnect
		return
	}
	out := eventstream.Begin(c, media)
	if out.History(state, from) == nil {
		out.Follow(c, box)
	}
}

// cursor is the seq of the first event that a reader wants. If the request's cursor
// is invalid, it has answered and ok is false.
func cursor(c *gin.Context, otherwise int64) (from int64, ok bool) {
	from, err := eventstream.Cursor(c.Request, otherwise)
	if err != nil {
		httpx.Fail(c, schemas.CodeInvalidCursor, err.Error())
		return 0, false
	}
	return from, true
}

// acquireConnection counts a socket or stream of a game, nil for none; the caller
// must call release. If there are too many, it has answered and ok is false.
func (s *Service) acquireConnection(c *gin.Context, g *held.Game) (release func(), ok bool) {
	playerID := httpx.PlayerID(c)
	release, code, detail := s.connections.Acquire(playerID, c.ClientIP(), g != nil && g.HasPlayer(playerID))
	if code != "" {
		httpx.Fail(c, code, detail)
		return nil, false
	}
	return release, true
}
