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
// are in the log. The stream ends when no event can follow, some minutes after the
// game's end, because rematch events may still come.
func (s *Service) stream(c *gin.Context) {
	media, ok := httpx.Accept(c, eventstream.NDJSON, eventstream.SSE)
	if !ok {
		return
	}
	fromSeq, ok := cursor(c, 1)
	if !ok {
		return
	}
	g, ok := s.lookup.HeldOrFinished(c)
	if !ok {
		return
	}
	box := outbox.New(s.metrics.tooSlow.Inc)
	release, ok := s.acquireConnection(c, g, box.Close)
	if !ok {
		return
	}
	defer release()
	playerID := httpx.PlayerID(c)
	w := held.Watcher{
		Box: box, FromSeq: fromSeq, Spectates: !g.HasPlayer(playerID),
		WantsCount: media == eventstream.SSE, // an NDJSON stream has the log's events and nothing else
	}
	state, end, ok := s.games.Watch(g, w)
	if !ok { // it was evicted since the lookup
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
	if !g.Held() && fromSeq > state.Seq {
		c.Status(http.StatusNoContent) // tells a browser not to reconnect
		return
	}
	out := eventstream.Begin(c, media)
	if out.History(state, fromSeq) == nil {
		out.Stream(c, box)
	}
}

// cursor returns the seq of the first event that the client wants, fallback if the
// request has no cursor. If the cursor is invalid, cursor answers the request and
// returns false.
func cursor(c *gin.Context, fallback int64) (fromSeq int64, ok bool) {
	fromSeq, err := eventstream.Cursor(c.Request, fallback)
	if err != nil {
		httpx.Fail(c, schemas.CodeInvalidCursor, err.Error())
		return 0, false
	}
	return fromSeq, true
}
