package livegame

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/eventstream"
	"tabiya/services/livegame/outbox"
	"tabiya/services/livegame/protocol"
	"tabiya/services/livegame/tvstream"
)

type tvView struct {
	Channels []channelView `json:"channels"` // those that show a game
}

type channelView struct {
	Speed schemas.Speed `json:"speed"`
	Game  protocol.Game `json:"game"`
}

// tv is GET /v1/tv.
func (s *Service) tv(c *gin.Context) {
	if why := s.availability.WhyNoReads(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	view := tvView{Channels: []channelView{}}
	for _, speed := range schemas.Speeds() {
		if g, _ := s.games.TVGame(speed); g != nil {
			view.Channels = append(view.Channels, channelView{speed, s.view(g, g.State())})
		}
	}
	c.JSON(http.StatusOK, view)
}

// tvEvents is GET /v1/tv/{speed}/events: the frames that a socket of the shown game
// gets. The first frame, and each change of game, is a tv frame with the whole game;
// so the stream has no cursor.
func (s *Service) tvEvents(c *gin.Context) {
	media, ok := httpx.Accept(c, eventstream.NDJSON, eventstream.SSE)
	if !ok {
		return
	}
	speed := schemas.Speed(c.Param("speed"))
	if !slices.Contains(schemas.Speeds(), speed) {
		httpx.Fail(c, schemas.CodeNotFound, "there is no such speed")
		return
	}
	if why := s.availability.WhyNoReads(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	var place ender
	release, ok := s.acquireConnection(c, nil, place.call)
	if !ok {
		return
	}
	defer release()
	out := eventstream.Begin(c, media)
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	place.set(func(outbox.End) { cancel() })
	tvstream.Stream(ctx, tvstream.Config{
		Games: s.games, View: s.view, Stopping: s.availability.Stopping, OnTooSlow: s.metrics.tooSlow.Inc,
	}, speed, httpx.PlayerID(c), out)
}
