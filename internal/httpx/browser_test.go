package httpx

import (
	"bufio"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

// site serves an engine with the listed origins, and returns a player's token for it.
func site(t *testing.T, origins ...string) (server *httptest.Server, token string) {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if token, _, err = auth.NewSigner(key).Player(schemas.NewID(), time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	o, err := ParseOrigins(origins)
	if err != nil {
		t.Fatal(err)
	}
	e := New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	AllowOrigins(e, o)
	g := e.Group("/", Authenticate(auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now)))
	g.GET("/thing", func(c *gin.Context) {
		if media, ok := Accept(c, "text/plain", "text/html"); ok {
			c.Data(http.StatusOK, media, []byte(strings.Repeat("x", 5000)))
		}
	})
	g.POST("/thing", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	g.GET("/socket", func(c *gin.Context) {
		if !o.Allow(c.Request) {
			Fail(c, schemas.CodeForbidden, "")
			return
		}
		c.Status(http.StatusNoContent)
	})
	g.GET("/stream", func(c *gin.Context) {
		c.Status(http.StatusOK)
		if _, err := c.Writer.WriteString("line\n"); err != nil {
			return
		}
		_ = http.NewResponseController(c.Writer).Flush()
		<-c.Request.Context().Done()
		panic(http.ErrAbortHandler)
	})
	server = httptest.NewServer(AnswerHead(e))
	t.Cleanup(server.Close)
	return server, token
}

func send(t *testing.T, method, url string, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func TestListedOriginsAreAnsweredWithPreflight(t *testing.T) {
	t.Parallel()
	server, _ := site(t, "https://chess.example", "http://localhost:3000")
	closed, _ := site(t)
	open, _ := site(t, "*")
	for _, c := range []struct {
		server *httptest.Server
		origin string
		want   string // Access-Control-Allow-Origin
	}{
		{server, "https://chess.example", "https://chess.example"},
		{server, "http://localhost:3000", "http://localhost:3000"},
		{server, "http://chess.example", ""},
		{server, "https://chess.example.evil.example", ""},
		{server, "https://chess.example:444", ""},
		{server, "null", ""},
		{closed, "https://chess.example", ""},
		{open, "https://evil.example", "*"},
	} {
		preflight := send(t, http.MethodOptions, c.server.URL+"/thing", "Origin", c.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,idempotency-key")
		if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != c.want || (preflight.StatusCode == http.StatusNoContent) != (c.want != "") {
			t.Errorf("preflight from %s: %d, allows %q, want %q", c.origin, preflight.StatusCode, got, c.want)
		}
		if c.want != "" && (!strings.Contains(preflight.Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") || !strings.Contains(preflight.Header.Get("Access-Control-Allow-Methods"), "PATCH")) {
			t.Errorf("preflight from %s allows too little: %v", c.origin, preflight.Header)
		}
		for _, path := range []string{"/thing", "/none"} { // a page must be able to read problems too
			answer := send(t, http.MethodGet, c.server.URL+path, "Origin", c.origin)
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != c.want {
				t.Errorf("%s for %s allows %q, want %q", path, c.origin, got, c.want)
			}
			if vary := answer.Header.Values("Vary"); c.server == server && !strings.Contains(strings.Join(vary, ","), "Origin") {
				t.Errorf("%s for %s varies by %q", path, c.origin, vary)
			}
		}
	}
	for _, malformed := range []string{"chess.example", "https://chess.example/", "https://chess.example/x", "ws://chess.example", "https://", ""} {
		if _, err := ParseOrigins([]string{malformed}); err == nil {
			t.Errorf("%q was taken for an origin", malformed)
		}
	}
}

func TestSocketsAreForListedOriginsTheOwnHostAndOtherPrograms(t *testing.T) {
	t.Parallel()
	server, _ := site(t, "https://chess.example")
	own := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		origin, host string
		allowed      bool
	}{
		{"", own, true},
		{"https://chess.example", own, true},
		{"HTTPS://Chess.Example", own, true},
		{"http://" + own, own, true},
		{"https://api.example", "api.example", true}, // behind a proxy that ends TLS
		{"https://evil.example", own, false},
		{"http://127.0.0.1:1", own, false},
		{"null", own, false},
	} {
		headers := []string{"Host", c.host}
		if c.origin != "" {
			headers = append(headers, "Origin", c.origin)
		}
		if status := send(t, http.MethodGet, server.URL+"/socket", headers...).StatusCode; (status == http.StatusNoContent) != c.allowed {
			t.Errorf("origin %q at %s: %d", c.origin, c.host, status)
		}
	}
}

func TestBrowsersNeitherSniffNorStoreWhatIsPrivate(t *testing.T) {
	t.Parallel()
	server, token := site(t)
	for path, status := range map[string]int{"/thing": 200, "/none": 404, "/stream/": 404} {
		answer := send(t, http.MethodGet, server.URL+path)
		if answer.StatusCode != status || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, answer.StatusCode, answer.Header)
		}
		if answer.Header.Get("Cache-Control") != "" {
			t.Errorf("%s without a token must not be stored: %v", path, answer.Header)
		}
	}
	for _, authorization := range []string{"Bearer " + token, "Bearer x", "Basic x"} {
		if answer := send(t, http.MethodGet, server.URL+"/thing", "Authorization", authorization); answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%.10s: %d %v", authorization, answer.StatusCode, answer.Header)
		}
	}
}

func TestHeadIsAnsweredWhereGetIs(t *testing.T) {
	t.Parallel()
	server, _ := site(t)
	for path, status := range map[string]int{"/thing": 200, "/none": 404, "/stream": 200} {
		began := time.Now()
		answer := send(t, http.MethodHead, server.URL+path)
		body, err := io.ReadAll(answer.Body)
		if answer.StatusCode != status || err != nil || len(body) > 0 || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %d with %d bytes, %v", path, answer.StatusCode, len(body), err)
		}
		if path == "/thing" && answer.ContentLength != 5000 {
			t.Errorf("%s has length %d", path, answer.ContentLength)
		}
	}
	// The connection goes on, also after the head of a stream: nothing of a body was sent.
	conn := dial(t, server)
	reader := bufio.NewReader(conn)
	for _, line := range []string{"HEAD /stream", "HEAD /socket", "GET /thing"} {
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", line)
		method, _, _ := strings.Cut(line, " ")
		answer, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil || answer.StatusCode >= 300 {
			t.Fatalf("%s: %v, %v", line, answer, err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}
