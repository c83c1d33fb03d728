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
	// pageTimeout is how long a client may take to read one page of a stream.
	pageTimeout = 30 * time.Second
)

// encoder appends one game of a stream.
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

// stream answers with all selected games, with one page in memory at a time. If
// the database fails in between, it aborts the connection: a body that ended
// properly would seem complete.
func (s *Service) stream(c *gin.Context, q query, media string) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		httpx.Fail(c, schemas.CodeTooManyConnections, "too many exports are running")
		return
	}
	httpx.Stream(c)
	encode, left, started := encoderOf(media), q.Limit, false
	for {
		n := streamPage
		if q.Limit > 0 {
			n = min(n, left)
		}
		games, err := s.games.Page(c.Request.Context(), q.filter, q.After, n)
		if err == nil {
			err = writePage(c, games, encode, media, &started)
		}
		if err != nil {
			s.abort(c, err, started)
			return
		}
		left -= len(games)
		if len(games) < n || (q.Limit > 0 && left == 0) {
			return
		}
		last := games[len(games)-1].pageEnd()
		q.After = &last
	}
}

// writePage writes games, and first the headers if they are not written.
func writePage(c *gin.Context, games []finished, encode encoder, media string, started *bool) error {
	var b bytes.Buffer
	for _, g := range games {
		if err := encode(&b, g); err != nil {
			return err
		}
	}
	if !*started {
		c.Header("Content-Type", media)
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		*started = true
	}
	control := http.NewResponseController(c.Writer)
	_ = control.SetWriteDeadline(time.Now().Add(pageTimeout)) // httptest's recorder has none
	if _, err := c.Writer.Write(b.Bytes()); err != nil {
		return err
	}
	return control.Flush()
}

// abort answers with the error, or aborts the connection if the answer has
// started.
func (s *Service) abort(c *gin.Context, err error, started bool) {
	if !started {
		s.fail(c, err)
		return
	}
	if c.Request.Context().Err() == nil {
		s.cfg.Logger.Warn("export aborted", "err", err, "request_id", httpx.RequestID(c))
	}
	panic(http.ErrAbortHandler)
}
