// Package eventstream writes events and frames as server-sent events (SSE) or as
// newline-delimited JSON (NDJSON), and parses the cursors from which streams resume.
package eventstream

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/services/livegame/outbox"
)

// Media types of a stream.
const (
	NDJSON = "application/x-ndjson"
	SSE    = "text/event-stream"
)

const (
	// KeepAliveEvery is the time between two keep-alives, which keep proxies from
	// closing a quiet stream.
	KeepAliveEvery = 15 * time.Second
	// writeTimeout is how long one flush may take.
	writeTimeout = 10 * time.Second
	// historyChunk is how many bytes of a game's history are encoded before a flush.
	historyChunk = 32 << 10
)

// Writer writes one stream. It buffers until Flush.
type Writer struct {
	writer  gin.ResponseWriter
	control *http.ResponseController
	sse     bool
	buf     []byte
}

// Begin sets the status and headers of a stream; the first Flush sends them.
func Begin(c *gin.Context, media string) *Writer {
	httpx.Stream(c)
	w := &Writer{writer: c.Writer, control: http.NewResponseController(c.Writer), sse: media == SSE}
	_ = w.control.SetReadDeadline(time.Time{}) // the deadline for reading the request must not end the stream
	c.Header("Content-Type", media)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	return w
}

// History writes the events of a state, from fromSeq on, and flushes.
func (w *Writer) History(state *game.State, fromSeq int64) error {
	for _, ev := range state.Events(fromSeq) {
		w.Event(ev.Seq, ev.Record().Value)
		if len(w.buf) > historyChunk {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// Stream writes the outbox's items until the outbox ends or the client disconnects.
func (w *Writer) Stream(c *gin.Context, box *outbox.Outbox) {
	tick := time.NewTicker(KeepAliveEvery)
	defer tick.Stop()
	var items []outbox.Item
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case <-tick.C:
			w.KeepAlive()
			if w.Flush() != nil {
				return
			}
			continue
		case <-box.Ready():
		}
		var end outbox.End
		items, end = box.Take(items)
		for _, i := range items {
			if i.Seq == 0 {
				w.Frame(i.Type(), i.Text())
				continue
			}
			w.Event(i.Seq, i.Envelope())
		}
		if w.Flush() != nil || end != outbox.Open {
			return
		}
	}
}

// Event writes an event. In SSE its id is seq, from which a browser resumes.
func (w *Writer) Event(seq int64, envelope []byte) {
	if w.sse {
		w.buf = append(w.buf, "id: "...)
		w.buf = strconv.AppendInt(w.buf, seq, 10)
		w.buf = append(w.buf, "\ndata: "...)
	}
	w.buf = append(w.buf, envelope...)
	w.end()
}

// Frame writes a frame. In SSE the event is named name, unless name is empty, and has
// no id, so that a browser's Last-Event-ID does not change.
func (w *Writer) Frame(name string, frame []byte) {
	if w.sse && name != "" {
		w.buf = append(append(append(w.buf, "event: "...), name...), '\n')
	}
	if w.sse {
		w.buf = append(w.buf, "data: "...)
	}
	w.buf = append(w.buf, frame...)
	w.end()
}

// KeepAlive writes a comment (SSE) or an empty line (NDJSON).
func (w *Writer) KeepAlive() {
	if w.sse {
		w.buf = append(w.buf, ':')
	}
	w.end()
}

func (w *Writer) end() {
	w.buf = append(w.buf, '\n')
	if w.sse {
		w.buf = append(w.buf, '\n')
	}
}

// Flush sends the buffer.
func (w *Writer) Flush() error {
	// A server that cannot set deadlines does no harm: the outbox bounds the memory.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := w.writer.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return err
	}
	return w.control.Flush()
}
