package livegame

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

const (
	mediaNDJSON = "application/x-ndjson"
	mediaSSE    = "text/event-stream"

	// keepAlive keeps proxies from closing a quiet stream.
	keepAlive = 15 * time.Second
	// writeLimit is how long a client may take for what it is sent.
	writeLimit = 10 * time.Second
)

// stream is GET /v1/games/{id}/events: the game's events from from_seq on, as
// they are in the log. It ends when nothing can come any more: what is said about
// a rematch comes behind the game's end.
func (s *Service) stream(c *gin.Context) {
	media, ok := httpx.Accept(c, mediaNDJSON, mediaSSE)
	if !ok {
		return
	}
	from, ok := cursor(c, 1)
	if !ok {
		return
	}
	b, ok := s.readable(c)
	if !ok {
		return
	}
	leave, ok := s.connect(c, b)
	if !ok {
		return
	}
	defer leave()
	box := newOutbox(s.metrics.cutOff.Inc)
	sse := media == mediaSSE
	// An NDJSON stream is the log's events and nothing else.
	w := watcher{box: box, from: from, spectates: !b.seats(httpx.PlayerID(c)), counts: sse}
	state, end, ok := s.watch(b, w)
	if !ok { // it was let go in this moment: there is another board for it
		if b, ok = s.readable(c); !ok {
			return
		}
		if state, end, ok = s.watch(b, w); !ok {
			httpx.Fail(c, schemas.CodeUnavailable, outOfStep.String())
			return
		}
	}
	defer end()
	defer s.attend(b, httpx.PlayerID(c))(false)
	if b.bygone && from > state.Seq {
		c.Status(http.StatusNoContent) // which tells a browser not to come back
		return
	}
	out := beginStream(c, media)
	if out.past(state, from) == nil {
		out.run(c, box)
	}
}

// streamWriter writes events as SSE or NDJSON.
type streamWriter struct {
	writer  gin.ResponseWriter
	control *http.ResponseController
	sse     bool
	buf     []byte
}

// beginStream sets the head of an answer that lasts; the first flush sends it.
func beginStream(c *gin.Context, media string) *streamWriter {
	httpx.Stream(c)
	w := &streamWriter{writer: c.Writer, control: http.NewResponseController(c.Writer), sse: media == mediaSSE}
	_ = w.control.SetReadDeadline(time.Time{}) // the request's own limit is not the stream's
	c.Header("Content-Type", media)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	return w
}

// run writes what comes until the end of the outbox, which is the game's a while
// after it is over, or the client's.
func (w *streamWriter) run(c *gin.Context, box *outbox) {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	var items []item
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case <-tick.C:
			w.idle()
			if w.flush() != nil {
				return
			}
			continue
		case <-box.ready:
		}
		var end ending
		items, end = box.take(items)
		for _, i := range items {
			if i.seq == 0 {
				w.frame(typeWatchers, i.text())
				continue
			}
			w.add(i.seq, i.event())
		}
		if w.flush() != nil || end != goesOn {
			return
		}
	}
}

func (w *streamWriter) add(seq int64, event []byte) {
	if w.sse {
		w.buf = append(w.buf, "id: "...)
		w.buf = strconv.AppendInt(w.buf, seq, 10)
		w.buf = append(w.buf, "\ndata: "...)
	}
	w.buf = append(w.buf, event...)
	w.buf = append(w.buf, '\n')
	if w.sse {
		w.buf = append(w.buf, '\n')
	}
}

// frame writes a frame, as an event of that name where it has one: without an id,
// so that a browser's Last-Event-ID stays where it was.
func (w *streamWriter) frame(name string, frame []byte) {
	if w.sse && name != "" {
		w.buf = append(append(append(w.buf, "event: "...), name...), '\n')
	}
	if w.sse {
		w.buf = append(w.buf, "data: "...)
	}
	w.buf = append(append(w.buf, frame...), '\n')
	if w.sse {
		w.buf = append(w.buf, '\n')
	}
}

func (w *streamWriter) idle() {
	if w.sse {
		w.buf = append(w.buf, ':')
	}
	w.buf = append(w.buf, '\n')
	if w.sse {
		w.buf = append(w.buf, '\n')
	}
}

func (w *streamWriter) flush() error {
	// Not every server can set deadlines; the outbox bounds the memory anyway.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := w.writer.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return err
	}
	return w.control.Flush()
}
