package history

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	// streamPage is how many games of a stream are in memory at a time.
	streamPage = 200
	// slowReader is how long a client may take for one page of a stream.
	slowReader = 30 * time.Second
)

// encoder writes one game of a stream.
type encoder func(*bytes.Buffer, finished) error

func encoderOf(media string) encoder {
	if media == mediaPGN {
		return func(b *bytes.Buffer, g finished) error {
			text, err := pgnOf(g)
			b.Write(text)
			b.WriteByte('\n') // an empty line between games
			return err
		}
	}
	return func(b *bytes.Buffer, g finished) error { return json.NewEncoder(b).Encode(viewOf(g)) }
}

// stream answers all games that are asked for, a page in memory at a time. A
// database that goes away in the middle cuts the connection: a body that ended
// properly would say that this was all.
func (s *Service) stream(c *gin.Context, q query, media string) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		httpx.Fail(c, schemas.CodeTooManyConnections, "as many exports run as may")
		return
	}
	httpx.Stream(c)
	encode, left, begun := encoderOf(media), q.Limit, false
	for {
		n := streamPage
		if q.Limit > 0 {
			n = min(n, left)
		}
		games, err := s.games.Page(c.Request.Context(), q.filter, q.After, n)
		if err == nil {
			err = writePage(c, games, encode, media, &begun)
		}
		if err != nil {
			s.cut(c, err, begun)
			return
		}
		left -= len(games)
		if len(games) < n || (q.Limit > 0 && left == 0) {
			return
		}
		last := games[len(games)-1].position()
		q.After = &last
	}
}

func writePage(c *gin.Context, games []finished, encode encoder, media string, begun *bool) error {
	var b bytes.Buffer
	for _, g := range games {
		if err := encode(&b, g); err != nil {
			return err
		}
	}
	if !*begun {
		c.Header("Content-Type", media)
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		*begun = true
	}
	control := http.NewResponseController(c.Writer)
	_ = control.SetWriteDeadline(time.Now().Add(slowReader)) // a recorder in a test has none
	if _, err := c.Writer.Write(b.Bytes()); err != nil {
		return err
	}
	return control.Flush()
}

func (s *Service) cut(c *gin.Context, err error, begun bool) {
	if !begun {
		s.fail(c, err)
		return
	}
	if c.Request.Context().Err() == nil {
		s.cfg.Logger.Warn("an export was cut off", "err", err, "request_id", httpx.RequestID(c))
	}
	panic(http.ErrAbortHandler)
}
