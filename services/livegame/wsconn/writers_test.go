package wsconn

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/eventually"
	"tabiya/services/livegame/outbox"
)

// manyFrames is how many frames each connection is sent.
const manyFrames = 2000

// serve accepts a connection with a small send buffer, and fills its outbox as fast as
// it is emptied.
func serve(t *testing.T, s *Server, rw http.ResponseWriter, r *http.Request) {
	c, err := s.Accept(rw, r, Options{
		Player: strings.HasSuffix(r.URL.Path, "player"), Allow: func(time.Time) bool { return true },
		OnTooSlow: func() { t.Error("an outbox is full") },
	})
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Stop()
	if err := c.transport.Conn.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
		t.Error(err)
	}
	if err := c.Start(func(func(outbox.Item) bool) {}); err != nil {
		t.Error(err)
	}
	var feeding sync.WaitGroup
	feeding.Go(func() {
		defer c.Box().Close(outbox.GameOver)
		for n := range manyFrames {
			for c.Box().Len() > outbox.MaxItems/2 {
				time.Sleep(100 * time.Microsecond)
			}
			text := make([]byte, 8+rand.IntN(1500))
			binary.BigEndian.PutUint64(text, uint64(n))
			c.Box().Send(outbox.TextItem(text))
			if n%100 == 0 {
				if err := c.transport.ping([]byte("12345678")); err != nil {
					t.Error(err)
				}
			}
		}
	})
	c.Read(func([]byte, Fault) bool { return true }) // answers the client's pings
	feeding.Wait()
}

// Frames arrive whole and in order, although the send buffers are small and pings and
// pongs are written in between.
func TestSharedWritersKeepFramesInOrder(t *testing.T) {
	t.Parallel()
	s := NewServer(4096)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { serve(t, s, rw, r) }))
	defer server.Close()
	var readers sync.WaitGroup
	for i := range 20 {
		readers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			conn, _, err := websocket.Dial(ctx, server.URL+[]string{"/player", "/spectator"}[i%2], nil)
			if err != nil {
				t.Error(err)
				return
			}
			for n := 0; ; n++ {
				switch rand.IntN(200) {
				case 0:
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				case 1:
					go func() { _ = conn.Ping(ctx) }()
				}
				_, text, err := conn.Read(ctx)
				switch {
				case err != nil && (n != manyFrames || websocket.CloseStatus(err) != websocket.StatusNormalClosure):
					t.Errorf("connection %d, frame %d: %v", i, n, err)
					return
				case err != nil:
					return
				case binary.BigEndian.Uint64(text) != uint64(n):
					t.Errorf("connection %d: frame %d came as number %d", i, binary.BigEndian.Uint64(text), n)
					return
				}
			}
		})
	}
	readers.Wait()
	eventually.True(t, "the writers to become idle", func() bool {
		s.writers.mu.Lock()
		defer s.writers.mu.Unlock()
		return s.writers.working == 0 && len(s.writers.players)+len(s.writers.spectators) == 0
	})
}
