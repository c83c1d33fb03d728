package wsconn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/services/livegame/outbox"
)

// The library can read the frames that bypass it, of any length.
func TestFramesOfEveryLength(t *testing.T) {
	t.Parallel()
	var sent []outbox.Item
	var frames []byte
	for _, n := range []int{0, 1, 125, 126, 127, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		sent = append(sent, outbox.TextItem([]byte(strings.Repeat("x", n))))
		frames = append(frames, sent[len(sent)-1].Frame...)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := &hijacker{ResponseWriter: rw, writeTimeout: defaultWriteTimeout}
		conn, err := websocket.Accept(h, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if err := h.transport.write(frames); err != nil {
			t.Error(err)
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
		if err := h.transport.write(frames); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the close frame: %v", err)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	for _, i := range sent {
		if kind, text, err := conn.Read(ctx); err != nil || kind != websocket.MessageText || string(text) != string(i.Text()) {
			t.Fatalf("%d bytes: %v, %v, %d bytes", len(i.Frame), err, kind, len(text))
		}
	}
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
}
