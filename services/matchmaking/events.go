package matchmaking

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	mediaSSE    = "text/event-stream"
	mediaNDJSON = "application/x-ndjson"
	// slowWrite is how long one write may take before the reader is cut off.
	slowWrite = 10 * time.Second
)

// events is GET /v1/me/events.
func (s *Service) events(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaSSE, mediaNDJSON)
	if !ok {
		return
	}
	if why := s.shut(); why != "" {
		httpx.Fail(c, schemas.CodeUnavailable, why)
		return
	}
	row, ok := s.indexed(c)
	if !ok {
		return
	}
	id := row.ID
	st, err := s.hub.Subscribe(id, func() (*player.State, bool) { return s.cfg.Players.Get(id) })
	switch {
	case errors.Is(err, errTooManyStreams):
		httpx.Fail(c, schemas.CodeTooManyConnections, err.Error())
		return
	case err != nil:
		httpx.Fail(c, schemas.CodeUnavailable, err.Error())
		return
	}
	defer s.hub.Unsubscribe(id, st)
	httpx.Stream(c)
	c.Header("Content-Type", media)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no") // nginx would hold items back
	c.Status(http.StatusOK)
	s.pump(c, st, media)
}

// pump writes items until the reader, the hub or the stream's age ends it.
func (s *Service) pump(c *gin.Context, st *stream, media string) {
	w := writer{c, http.NewResponseController(c.Writer), media}
	quiet := time.NewTicker(s.cfg.KeepAlive)
	defer quiet.Stop()
	old := time.NewTimer(s.cfg.MaxStreamAge)
	defer old.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case <-old.C:
			return
		case <-quiet.C:
			if w.keepAlive() != nil {
				return
			}
		case i, open := <-st.items:
			if !open || w.item(i, len(st.items) == 0) != nil {
				return
			}
			quiet.Reset(s.cfg.KeepAlive)
		}
	}
}

type writer struct {
	c       *gin.Context
	control *http.ResponseController
	media   string
}

func (w writer) item(i item, last bool) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if w.media == mediaSSE {
		return w.write("event: "+i.Type+"\ndata: "+string(data)+"\n\n", last)
	}
	return w.write(string(data)+"\n", last)
}

func (w writer) keepAlive() error {
	if w.media == mediaSSE {
		return w.write(":\n\n", true)
	}
	return w.write("\n", true)
}

func (w writer) write(text string, flush bool) error {
	_ = w.control.SetWriteDeadline(time.Now().Add(slowWrite)) // a recorder in a test has none
	if _, err := w.c.Writer.WriteString(text); err != nil || !flush {
		return err
	}
	return w.control.Flush()
}
