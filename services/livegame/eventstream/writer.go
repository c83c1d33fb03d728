// Package eventstream writes events and frames as server-sent events (SSE) or as
// newline-delimited JSON (NDJSON), and reads the cursors from which streams resume.
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
	// KeepAliveEvery is how often something is written, so that proxies do not close
	// a quiet stream.
	KeepAliveEvery = 15 * time.Second
	// writeTimeout is how long a client may take for what it is sent.
	writeTimeout = 10 * time.Second
	// historyChunk is how many bytes of a game's history are encoded before they are
	// written.
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
	_ = w.control.SetReadDeadline(time.Time{}) // the request's own limit is not the stream's
	c.Header("Content-Type", media)
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	return w
}

// History writes the events that the state holds, from seq from on, and flushes.
func (w *Writer) History(state *game.State, from int64) error {
	for _, ev := range state.Events(from) {
		w.Event(ev.Seq, ev.Record().Value)
		if len(w.buf) > historyChunk {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// Follow writes what comes into the outbox until it ends or the client goes away.
func (w *Writer) Follow(c *gin.Context, box *outbox.Outbox) {
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
				w.Frame(outbox.TypeWatchers, i.Text())
				continue
			}
			w.Event(i.Seq, i.Envelope())
		}
		if w.Flush() != nil || end != outbox.Open {
			return
		}
	}
}

// Event writes an event; in SSE its seq is the id from which a browser resumes.
func (w *Writer) Event(seq int64, envelope []byte) {
	if w.sse {
		w.buf = append(w.buf, "id: "...)
		w.buf = strconv.AppendInt(w.buf, seq, 10)
		w.buf = append(w.buf, "\ndata: "...)
	}
	w.buf = append(w.buf, envelope...)
	w.end()
}

// Frame writes a frame, in SSE as an event of that name if there is one. It has no
// id, so that a browser's Last-Event-ID does not change.
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

// KeepAlive writes a comment, or an empty line.
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

// Flush sends what was written.
func (w *Writer) Flush() error {
	// Not every server can set deadlines; the outbox bounds the memory anyway.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := w.writer.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return err
	}
	return w.control.Flush()
}
