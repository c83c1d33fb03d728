package livegame

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
)

// lotsOf is how many frames each of the sockets is sent.
const lotsOf = 2000

// fed is a socket whose box is filled as fast as it is taken from, and whose
// connection takes little at once.
func fed(t *testing.T, w *Service, rw http.ResponseWriter, r *http.Request) {
	over := &wiring{ResponseWriter: rw}
	conn, err := websocket.Accept(over, r, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if err := over.wire.Conn.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
		t.Error(err)
	}
	k := &socket{service: w, conn: conn, wire: over.wire, plays: strings.HasSuffix(r.URL.Path, "player")}
	k.box = &outbox{rouse: k.rouse, full: func() { t.Error("a box is full") }}
	var feeding sync.WaitGroup
	feeding.Go(func() {
		defer k.box.close(gameOver)
		for n := range lotsOf {
			for k.held() > outboxItems/2 {
				time.Sleep(100 * time.Microsecond)
			}
			frame := make([]byte, 8+rand.IntN(1500))
			binary.BigEndian.PutUint64(frame, uint64(n))
			k.box.send(textItem(frame))
			if n%100 == 0 {
				if err := k.wire.ping([]byte("12345678")); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for err == nil {
		_, _, err = conn.Read(context.Background()) // answers the client's pings
	}
	feeding.Wait()
	_ = conn.CloseNow()
}

func (k *socket) held() int {
	k.box.mu.Lock()
	defer k.box.mu.Unlock()
	return len(k.box.items)
}

// Frames come whole and in their order, whatever a connection takes at once, and
// whoever else writes to it.
func TestSharedWritersKeepTheOrder(t *testing.T) {
	t.Parallel()
	s := &Service{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fed(t, s, rw, r) }))
	defer server.Close()
	var readers sync.WaitGroup
	for i := range 20 {
		readers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			conn, _, err := websocket.Dial(ctx, server.URL+[]string{"/player", "/watcher"}[i%2], nil)
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
				case err != nil && (n != lotsOf || websocket.CloseStatus(err) != websocket.StatusNormalClosure):
					t.Errorf("socket %d, frame %d: %v", i, n, err)
					return
				case err != nil:
					return
				case binary.BigEndian.Uint64(text) != uint64(n):
					t.Errorf("socket %d: frame %d came as the %d.", i, binary.BigEndian.Uint64(text), n)
					return
				}
			}
		})
	}
	readers.Wait()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.writers.mu.Lock()
		idle := s.writers.working == 0 && len(s.writers.players)+len(s.writers.watchers) == 0
		s.writers.mu.Unlock()
		if idle {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the writers do not come to rest")
		}
	}
}
