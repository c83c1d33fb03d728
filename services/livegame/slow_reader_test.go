package livegame_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/eventually"
	"tabiya/services/livegame"
	"tabiya/services/livegame/outbox"
)

// narrowListener accepts connections with small send buffers.
type narrowListener struct {
	net.Listener
	accepted chan *narrowConn
}

func (l narrowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &narrowConn{TCPConn: conn.(*net.TCPConn)}
	if err := c.SetWriteBuffer(4096); err != nil {
		return nil, err
	}
	l.accepted <- c
	return c, nil
}

// narrowConn is the server's side of a slow reader's connection. It tells whether a
// write that may wait is in progress; the writes that do not wait bypass Write.
type narrowConn struct {
	*net.TCPConn
	waitsSince atomic.Int64 // Unix nanoseconds; 0 while no write is in progress
}

func (c *narrowConn) Write(p []byte) (int, error) {
	c.waitsSince.Store(time.Now().UnixNano())
	defer c.waitsSince.Store(0)
	return c.TCPConn.Write(p)
}

// blocked reports whether a write has been in progress for a while.
func (c *narrowConn) blocked() bool {
	since := c.waitsSince.Load()
	return since != 0 && time.Since(time.Unix(0, since)) > 500*time.Millisecond
}

// slowReader is a player's socket that nobody reads.
type slowReader struct {
	*websocket.Conn
	tcp    *net.TCPConn
	server *narrowConn
}

// dialSlow opens a socket with a small receive window.
func dialSlow(t *testing.T, url string, accepted <-chan *narrowConn) slowReader {
	t.Helper()
	var tcp *net.TCPConn
	small := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error { // before the window is negotiated
			var failed error
			err := raw.Control(func(fd uintptr) {
				failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
			})
			return errors.Join(err, failed)
		}}
		conn, err := d.DialContext(ctx, network, address)
		tcp, _ = conn.(*net.TCPConn)
		return conn, err
	}}}
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: small})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return slowReader{conn, tcp, <-accepted}
}

// ask sends frames, each of which is answered with a longer one.
func (s slowReader) ask(t *testing.T, frames int) {
	t.Helper()
	text := fmt.Appendf(nil, `{"type":"move","uci":"none","clientMoveId":%q}`, strings.Repeat("x", 128))
	for range frames {
		if err := s.Write(t.Context(), websocket.MessageText, text); err != nil {
			t.Fatal(err)
		}
	}
}

// sendPings sends ping frames until the test ends, so that the server does not take the
// client for a silent one.
func (s slowReader) sendPings(t *testing.T) {
	for s.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`)) == nil {
		select {
		case <-t.Context().Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// readToClose reads until the server's close frame, which must have this code and
// reason. It does not parse the frames before it, because the server waits only 5 s until
// the close frame is written and answered.
func (s slowReader) readToClose(code websocket.StatusCode, reason string) error {
	if err := errors.Join(s.tcp.SetReadBuffer(1<<20), s.tcp.SetReadDeadline(time.Now().Add(limit))); err != nil {
		return err
	}
	frame := append([]byte{0x88, byte(2 + len(reason)), byte(code >> 8), byte(code)}, reason...) // RFC 6455, 5.5.1
	var got []byte
	buf := make([]byte, 64<<10)
	for !bytes.HasSuffix(got, frame) {
		n, err := s.tcp.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			return fmt.Errorf("%d bytes, the last %q: %w", len(got), got[max(0, len(got)-60):], err)
		}
	}
	return nil
}

func TestSlowReadersAreCutOffAndDelayNobody(t *testing.T) {
	t.Parallel()
	// A write to a slow reader blocks until the test reads. A move that waited for such a
	// write would not reach the watcher at all.
	r := newRig(t, messageRate(1_000_000), livegame.WriteTimeout(time.Hour))
	id := r.newGame()
	r.play(id, 0, "e2e4", "e7e5") // the first move has a time limit of its own
	narrow := httptest.NewUnstartedServer(r.server.Config.Handler)
	accepted := make(chan *narrowConn, 1)
	narrow.Listener = narrowListener{narrow.Listener, accepted}
	narrow.Start()
	t.Cleanup(narrow.Close)
	url := strings.Replace(narrow.URL, "http", "ws", 1) + "/v1/games/" + id + "/socket?access_token=" + r.white.token
	// There are more slow readers than writers.
	slow := make([]slowReader, 2*runtime.GOMAXPROCS(0))
	for n := range slow {
		slow[n] = dialSlow(t, url, accepted)
		slow[n].ask(t, 200) // the answers fit into the outbox, but not into the connection
		eventually.True(t, "a write is blocked", slow[n].server.blocked)
		for r.service.TooSlow() <= float64(n) {
			slow[n].ask(t, 100)
		}
		go slow[n].sendPings(t)
	}
	watcher := r.dial(id, "")
	watcher.until("state")
	r.play(id, 2, "g1f3")
	watcher.events(1)
	var reading sync.WaitGroup
	for _, s := range slow {
		reading.Go(func() {
			if err := s.readToClose(4008, outbox.TooSlow.String()); err != nil {
				t.Errorf("slow reader: %v", err)
			}
		})
	}
	reading.Wait()
}
