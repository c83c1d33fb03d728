package httpx_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tabiya/internal/httpx"
)

// A network that is gone cannot be had on loopback, so the test reads what the kernel was
// told.
func TestKernelIsToldHowLongAClientMayBeSilent(t *testing.T) {
	t.Parallel()
	conns := make(chan *net.TCPConn, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		httpx.NoticeLoss(r.Context(), 9*time.Second)
		httpx.NoticeLoss(t.Context(), time.Second) // no connection of a request
	}))
	server.Config.ConnContext = httpx.WithConn
	server.Listener = tapped{server.Listener, conns}
	server.Start()
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	raw, err := (<-conns).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[int]int{unix.TCP_USER_TIMEOUT: 9000, unix.TCP_KEEPIDLE: 5, unix.TCP_KEEPINTVL: 2, unix.TCP_KEEPCNT: 3} {
		var got int
		var failed error
		err := raw.Control(func(fd uintptr) { got, failed = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option) })
		if err != nil || failed != nil || got != want {
			t.Errorf("option %d is %d, want %d: %v, %v", option, got, want, err, failed)
		}
	}
}

// tapped is a listener that tells of its connections.
type tapped struct {
	net.Listener
	conns chan<- *net.TCPConn
}

func (l tapped) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		l.conns <- tcp
	}
	return conn, err
}
