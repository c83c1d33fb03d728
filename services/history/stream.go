package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	control := http.NewResponseController(c.Writer)
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	e, own := s.exports.Begin(holderOf(c), func() {
		cancel()
		_ = control.SetWriteDeadline(time.Now()) // ends a write that waits for the client
	})
	switch {
	case own:
		httpx.Fail(c, schemas.CodeRateLimited, fmt.Sprintf("at most %d exports at the same time", exportsPerHolder))
		return
	case e == nil:
		httpx.Fail(c, schemas.CodeTooManyConnections, "too many exports are running")
		return
	}
	defer s.exports.End(e)
	httpx.Stream(c)
	httpx.OnSessionEnd(c, cancel)
	encode, left, started := encoderOf(media), q.Limit, false
	for {
		n := streamPage
		if q.Limit > 0 {
			n = min(n, left)
		}
		p, err := s.readPage(ctx, q, n, encode)
		if err == nil {
			err = s.writePage(c, e, control, p.body, media, &started)
		}
		if err != nil && !started && s.exports.Stopped(e) {
			httpx.Fail(c, schemas.CodeTooManyConnections, errMadeRoom.Error())
			return
		}
		if err != nil {
			s.abort(c, err, started)
			return
		}
		left -= p.games
		if p.games < n || (q.Limit > 0 && left == 0) {
			return
		}
		q.After = p.end
	}
}

// exportPage is an encoded page of an export.
type exportPage struct {
	body  []byte
	games int
	end   *pageEnd // nil for a page without games
}

// readPage reads and encodes up to n games when it is this export's turn. An export waits
// for one page at a time, so all exports get on alike.
func (s *Service) readPage(ctx context.Context, q query, n int, encode encoder) (p exportPage, err error) {
	if err := s.pages.Acquire(ctx, 1); err != nil {
		return p, err
	}
	defer s.pages.Release(1)
	games, err := s.games.Page(ctx, q.filter, q.After, n)
	if err != nil {
		return p, err
	}
	var b bytes.Buffer
	for _, g := range games {
		if err := encode(&b, g); err != nil {
			return p, err
		}
	}
	if len(games) > 0 {
		end := games[len(games)-1].pageEnd()
		p.end = &end
	}
	p.body, p.games = b.Bytes(), len(games)
	return p, nil
}

var errMadeRoom = errors.New("the export made room for another")

// writePage writes a page, and first the headers if they are not written.
func (s *Service) writePage(c *gin.Context, e *export, control *http.ResponseController, body []byte, media string, started *bool) error {
	_ = control.SetWriteDeadline(time.Now().Add(pageTimeout)) // before Writing, after which it may be set to end the export; httptest's recorder has none
	if !s.exports.Writing(e, true) {
		return errMadeRoom
	}
	if !*started {
		c.Header("Content-Type", media)
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		*started = true
	}
	if _, err := c.Writer.Write(body); err != nil {
		return err
	}
	if err := control.Flush(); err != nil {
		return err
	}
	if !s.exports.Writing(e, false) {
		return errMadeRoom
	}
	return nil
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
