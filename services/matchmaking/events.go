package matchmaking

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

const (
	mediaSSE    = "text/event-stream"
	mediaNDJSON = "application/x-ndjson"
	// writeTimeout is how long one write may take before the stream ends.
	writeTimeout = 10 * time.Second
	// lossWithin is how long a client's kernel may be silent before the stream ends. An
	// open stream is a sign of life of its player, who may be paired for up to 15 s after
	// the last one (ADR 38).
	lossWithin = 9 * time.Second
)

// events serves GET /v1/me/events.
func (s *Service) events(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaSSE, mediaNDJSON)
	if !ok {
		return
	}
	if reason := s.unavailable(); reason != "" {
		httpx.Fail(c, schemas.CodeUnavailable, reason)
		return
	}
	row, ok := s.findPlayer(c)
	if !ok {
		return
	}
	id := row.ID
	who := subscriptions.Client{PlayerID: id, Network: httpx.ClientNetwork(c)}
	sub, err := s.subscriptions.Subscribe(who, func() (*player.State, bool) { return s.cfg.Players.Get(id) })
	switch {
	case errors.Is(err, subscriptions.ErrTooManyOwn):
		httpx.Fail(c, schemas.CodeRateLimited, fmt.Sprintf("a player may have at most %d event streams: close one", s.cfg.MaxStreamsPerPlayer))
		return
	case errors.Is(err, subscriptions.ErrTooManyOfNetwork):
		httpx.Fail(c, schemas.CodeRateLimited, fmt.Sprintf("an address may have at most %d event streams: close one", s.cfg.MaxStreamsPerAddress))
		return
	case errors.Is(err, subscriptions.ErrTooMany):
		httpx.Fail(c, schemas.CodeTooManyConnections, err.Error())
		return
	case err != nil:
		httpx.Fail(c, schemas.CodeUnavailable, err.Error())
		return
	}
	defer s.subscriptions.Unsubscribe(sub)
	httpx.NoticeLoss(c.Request.Context(), lossWithin)
	httpx.Stream(c)
	c.Header("Content-Type", media)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no") // nginx would buffer the stream
	c.Status(http.StatusOK)
	s.writeStream(c, sub, media)
}

// writeStream writes notifications until the client goes, the subscription ends
// or the stream is too old.
func (s *Service) writeStream(c *gin.Context, sub *subscriptions.Subscription, media string) {
	w := streamWriter{c, http.NewResponseController(c.Writer), media}
	keepAlive := time.NewTicker(s.cfg.KeepAlive)
	defer keepAlive.Stop()
	maxAge := time.NewTimer(s.cfg.MaxStreamAge)
	defer maxAge.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case <-maxAge.C:
			return
		case <-keepAlive.C:
			if w.keepAlive() != nil {
				return
			}
		case n, open := <-sub.Notifications:
			if !open || w.notification(n, len(sub.Notifications) == 0) != nil {
				return
			}
			keepAlive.Reset(s.cfg.KeepAlive)
		}
	}
}

type streamWriter struct {
	c       *gin.Context
	control *http.ResponseController
	media   string
}

// notification writes one notification, and flushes it if it is the last for now.
func (w streamWriter) notification(n subscriptions.Notification, last bool) error {
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if w.media == mediaSSE {
		return w.write("event: "+n.Type+"\ndata: "+string(data)+"\n\n", last)
	}
	return w.write(string(data)+"\n", last)
}

func (w streamWriter) keepAlive() error {
	if w.media == mediaSSE {
		return w.write(":\n\n", true)
	}
	return w.write("\n", true)
}

func (w streamWriter) write(text string, flush bool) error {
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // httptest's recorder has none
	if _, err := w.c.Writer.WriteString(text); err != nil || !flush {
		return err
	}
	return w.control.Flush()
}
