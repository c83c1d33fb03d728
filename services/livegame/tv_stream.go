package livegame

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

type tvView struct {
	Channels []channelView `json:"channels"` // those that show something
}

type channelView struct {
	Speed schemas.Speed `json:"speed"`
	Game  gameView      `json:"game"`
}

// tv is GET /v1/tv.
func (s *Service) tv(c *gin.Context) {
	if why := s.gate.unread(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	view := tvView{Channels: []channelView{}}
	for _, speed := range schemas.Speeds() {
		if b, _ := s.hub.running.onTV(speed); b != nil {
			view.Channels = append(view.Channels, channelView{speed, s.view(b, b.snapshot())})
		}
	}
	c.JSON(http.StatusOK, view)
}

// tvEvents is GET /v1/tv/{speed}/events: frames as a socket has them, of the game
// that is shown, and a tv frame at first and whenever that is another. There is
// nothing to resume: the tv frame has the game as it stands.
func (s *Service) tvEvents(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaNDJSON, mediaSSE)
	if !ok {
		return
	}
	speed := schemas.Speed(c.Param("speed"))
	if !slices.Contains(schemas.Speeds(), speed) {
		httpx.Fail(c, schemas.CodeNotFound, "there is no such speed")
		return
	}
	if why := s.gate.unread(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	leave, ok := s.connect(c, nil)
	if !ok {
		return
	}
	defer leave()
	t := &tvViewer{service: s, speed: speed, playerID: httpx.PlayerID(c), out: beginStream(c, media), end: func() {}}
	defer func() { t.end() }()
	t.watch(c.Request.Context().Done())
}

// tvViewer is one stream of a channel.
type tvViewer struct {
	service  *Service
	speed    schemas.Speed
	playerID string
	out      *streamWriter

	board *board // which is shown
	box   *outbox
	items []item
	end   func()
}

func (t *tvViewer) watch(gone <-chan struct{}) {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		b, changed := t.service.hub.running.onTV(t.speed)
		if t.service.gate.leaving.Load() {
			return
		}
		if (b != t.board || t.box == nil) && !t.show(b) {
			return
		}
		if t.out.flush() != nil {
			return
		}
		select {
		case <-gone:
			return
		case <-changed:
		case <-tick.C:
			t.out.idle()
		case <-t.box.ready:
			if !t.take() {
				return
			}
		}
	}
}

// show turns to another game, once the one before has told all it had.
func (t *tvViewer) show(b *board) (goesOn bool) {
	if t.box != nil && !t.take() {
		return false
	}
	t.end()
	t.board, t.box, t.end = b, newOutbox(t.service.metrics.cutOff.Inc), func() {}
	f := serverFrame{Type: typeTV}
	if b != nil {
		state, end, ok := t.service.watch(b, watcher{box: t.box, spectates: !b.seats(t.playerID), counts: true})
		if ok { // else it was let go in this moment, and another comes
			t.end = end
			view := t.service.view(b, state)
			f.Game = &view
		}
	}
	t.out.frame(typeTV, f.item().text())
	return true
}

// take writes what is in the box. It is false if the box was closed for a reason
// that ends the stream; that a game is over does not.
func (t *tvViewer) take() (more bool) {
	var end ending
	t.items, end = t.box.take(t.items)
	for _, i := range t.items {
		if i.seq == 0 {
			t.out.frame(typeWatchers, i.text())
			continue
		}
		t.out.frame("", i.text())
	}
	return end == goesOn || end == gameOver
}
