package httpx

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// series returns the number of series in a registry.
func series(t *testing.T, registry *prometheus.Registry) (n int) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		n += len(f.GetMetric())
	}
	return n
}

func dial(t *testing.T, server *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// inventive sends requests over one connection. Each number makes other methods, paths
// and parameters.
type inventive struct {
	conn   net.Conn
	reader *bufio.Reader
}

func (i inventive) attack(t *testing.T, number int) {
	t.Helper()
	for _, request := range []struct{ method, path string }{
		{fmt.Sprintf("M%d", number), "/"},
		{fmt.Sprintf("M%d", number), fmt.Sprintf("/none/%d", number)},
		{fmt.Sprintf("get%d", number), "/things/1"},
		{"GET", fmt.Sprintf("/none/%d?x=%d", number, number)},
		{"GET", fmt.Sprintf("/things/%d", number)},
		{"DELETE", fmt.Sprintf("/things/%d", number)},
		{"TRACE", fmt.Sprintf("/things/%%2F%d", number)},
	} {
		fmt.Fprintf(i.conn, "%s %s HTTP/1.1\r\nHost: x%d.example\r\nUser-Agent: agent %d\r\n\r\n", request.method, request.path, number, number)
		answer, err := http.ReadResponse(i.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func TestRequestsOfAnAttackerMakeNoNewSeries(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	engine := New(slog.New(slog.DiscardHandler), registry)
	engine.GET("/things/:id", func(c *gin.Context) { c.Status(http.StatusOK) })
	server := httptest.NewServer(engine)
	defer server.Close()
	conn := dial(t, server)
	attacker := inventive{conn, bufio.NewReader(conn)}
	attacker.attack(t, 0) // the series of each kind of request
	before := series(t, registry)
	for number := range 3000 {
		attacker.attack(t, number+1)
	}
	if after := series(t, registry); after != before || before == 0 {
		t.Errorf("%d series became %d", before, after)
	}
}
