package httpx

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

type body struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// serve returns an engine with one route of each kind, tokens for it, and its logs.
func serve(t *testing.T) (e *gin.Engine, player, service, expired string, logs *bytes.Buffer) {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer := auth.NewSigner(key)
	now := time.Now()
	player, _, _ = signer.Player(schemas.NewID(), now, time.Hour)
	service, _, _ = signer.Service("test", now, time.Hour)
	expired, _, _ = signer.Player(schemas.NewID(), now.Add(-2*time.Hour), time.Hour)

	logs = new(bytes.Buffer)
	registry := prometheus.NewRegistry()
	e = New(slog.New(slog.NewTextHandler(logs, nil)), registry)
	Health(e, []Check{{"table", func() error { return io.ErrUnexpectedEOF }}})
	g := e.Group("/", Authenticate(auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now)))
	g.POST("/things", func(c *gin.Context) {
		var b body
		if Bind(c, &b) {
			c.JSON(http.StatusOK, b)
		}
	})
	g.GET("/player", RequirePlayer, func(c *gin.Context) { c.String(http.StatusOK, PlayerID(c)) })
	g.GET("/service", RequireService, func(c *gin.Context) { c.Status(http.StatusNoContent) })
	g.GET("/command", RequirePlayer, func(c *gin.Context) {
		if id, ok := CommandID(c, PlayerID(c)); ok {
			c.String(http.StatusOK, id)
		}
	})
	g.GET("/panic", func(*gin.Context) { panic("boom") })
	return e, player, service, expired, logs
}

func TestBadRequestsGetAProblemWithTheCode(t *testing.T) {
	e, player, service, expired, _ := serve(t)
	const jsonType = "application/json; charset=utf-8"
	for name, tc := range map[string]struct {
		method, path, contentType, token, key, body string
		want                                        schemas.Code
	}{
		"no such path":        {"GET", "/nothing", "", "", "", "", schemas.CodeNotFound},
		"wrong method":        {"DELETE", "/things", "", "", "", "", schemas.CodeMethodNotAllowed},
		"no content type":     {"POST", "/things", "", "", "", `{}`, schemas.CodeUnsupportedMediaType},
		"form":                {"POST", "/things", "application/x-www-form-urlencoded", "", "", `a=b`, schemas.CodeUnsupportedMediaType},
		"empty":               {"POST", "/things", jsonType, "", "", ``, schemas.CodeMalformedJSON},
		"cut off":             {"POST", "/things", jsonType, "", "", `{"name":`, schemas.CodeMalformedJSON},
		"two values":          {"POST", "/things", jsonType, "", "", `{} {}`, schemas.CodeMalformedJSON},
		"not UTF-8 outside":   {"POST", "/things", jsonType, "", "", "\xff", schemas.CodeMalformedJSON},
		"deep":                {"POST", "/things", jsonType, "", "", strings.Repeat("[", 60000), schemas.CodeMalformedJSON},
		"unknown field":       {"POST", "/things", jsonType, "", "", `{"nmae":"x"}`, schemas.CodeUnknownField},
		"other case":          {"POST", "/things", jsonType, "", "", `{"Name":"x"}`, schemas.CodeUnknownField},
		"a field twice":       {"POST", "/things", jsonType, "", "", `{"n":1,"n":2}`, schemas.CodeMalformedJSON},
		"not UTF-8 inside":    {"POST", "/things", jsonType, "", "", "{\"name\":\"\xff\"}", schemas.CodeMalformedJSON},
		"another charset":     {"POST", "/things", "application/json; charset=latin1", "", "", `{}`, schemas.CodeUnsupportedMediaType},
		"wrong type of field": {"POST", "/things", jsonType, "", "", `{"n":"x"}`, schemas.CodeInvalidField},
		"an array":            {"POST", "/things", jsonType, "", "", `[1]`, schemas.CodeInvalidField},
		"null":                {"POST", "/things", jsonType, "", "", `null`, schemas.CodeInvalidField},
		"null for a string":   {"POST", "/things", jsonType, "", "", `{"name":null,"n":1}`, schemas.CodeInvalidField},
		"null for a number":   {"POST", "/things", jsonType, "", "", `{"name":"null","n": null }`, schemas.CodeInvalidField},
		"too long":            {"POST", "/things", jsonType, "", "", `{"name":"` + strings.Repeat("a", MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"no token":            {"GET", "/player", "", "", "", "", schemas.CodeUnauthenticated},
		"bad token":           {"GET", "/player", "", "abc", "", "", schemas.CodeUnauthenticated},
		"expired token":       {"GET", "/player", "", expired, "", "", schemas.CodeTokenExpired},
		"bad token, optional": {"POST", "/things", jsonType, "abc", "", `{}`, schemas.CodeUnauthenticated},
		"service as player":   {"GET", "/player", "", service, "", "", schemas.CodeForbidden},
		"player as service":   {"GET", "/service", "", player, "", "", schemas.CodeForbidden},
		"service, no token":   {"GET", "/service", "", "", "", "", schemas.CodeUnauthenticated},
		"key too long":        {"GET", "/command", "", player, strings.Repeat("k", MaxIdempotencyKey+1), "", schemas.CodeInvalidIdempotency},
		"key with a space":    {"GET", "/command", "", player, "a b", "", schemas.CodeInvalidIdempotency},
		"handler panics":      {"GET", "/panic", "", "", "", "", schemas.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			if tc.contentType != "" {
				r.Header.Set("Content-Type", tc.contentType)
			}
			if tc.token != "" {
				r.Header.Set("Authorization", "Bearer "+tc.token)
			}
			if tc.key != "" {
				r.Header.Set("Idempotency-Key", tc.key)
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%s: %v", w.Body, err)
			}
			if w.Code != Status(tc.want) || p.Status != w.Code || p.Code != tc.want || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Fatalf("got status %d and problem %s, want code %s", w.Code, w.Body, tc.want)
			}
			if p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-ID") {
				t.Fatalf("requestId is %q, want the X-Request-Id header", p.RequestID)
			}
		})
	}
}

func TestTheWordNullIsAString(t *testing.T) {
	t.Parallel()
	var b body
	if code, err := DecodeStrict([]byte(`{"name":"null, null"}`), &b); err != nil || b.Name != "null, null" {
		t.Errorf("%q, %s %v", b.Name, code, err)
	}
	if _, err := DecodeStrict([]byte(`{"name":null}`), &b); err == nil || !strings.Contains(err.Error(), "/name must not be null") {
		t.Error(err)
	}
}

func TestBodyOfUnknownLengthIsLimited(t *testing.T) {
	e, _, _, _, _ := serve(t)
	r := httptest.NewRequest("POST", "/things", io.MultiReader(strings.NewReader(`{"name":"`), strings.NewReader(strings.Repeat("a", MaxBody))))
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("got status %d, want 413: %s", w.Code, w.Body)
	}
}

func TestCommandIDDependsOnKeyAndClient(t *testing.T) {
	e, player, _, _, _ := serve(t)
	commandID := func(token, key string) string {
		r := httptest.NewRequest("GET", "/command", nil)
		r.Header.Set("Authorization", "bearer "+token)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !schemas.ValidID(w.Body.String()) {
			t.Fatalf("got status %d and id %q", w.Code, w.Body)
		}
		return w.Body.String()
	}
	if commandID(player, "one") != commandID(player, "one") {
		t.Error("one key gives two command ids")
	}
	if commandID(player, "one") == commandID(player, "two") {
		t.Error("two keys give one command id")
	}
	if commandID(player, "") == commandID(player, "") {
		t.Error("two requests without a key give one command id")
	}
	if schemas.CommandID("a", "one") == schemas.CommandID("b", "one") {
		t.Error("two clients with one key give one command id")
	}
}

func TestPanicIsLoggedButNotInTheResponse(t *testing.T) {
	e, _, _, _, logs := serve(t)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/panic", nil))
	if strings.Contains(w.Body.String(), "boom") || !strings.Contains(logs.String(), "boom") {
		t.Fatalf("the response is %s, the log %s", w.Body, logs)
	}
}

func TestOnlyOperatorsAreToldWhyAProcessIsNotReady(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	engine := New(slog.New(slog.DiscardHandler), registry)
	checks := []Check{{"table", func() error { return io.ErrUnexpectedEOF }}}
	Health(engine, checks)
	public, ops := httptest.NewServer(engine), httptest.NewServer(OpsHandler(registry, checks))
	defer public.Close()
	defer ops.Close()
	for _, c := range []struct {
		url    string
		status int
		body   string // a part of it
	}{
		{public.URL + "/healthz", http.StatusOK, `{"status":"ok"}`},
		{public.URL + "/readyz", http.StatusServiceUnavailable, `{"status":"not ready"}`},
		{public.URL + "/metrics", http.StatusNotFound, `"code":"not_found"`},
		{ops.URL + "/healthz", http.StatusOK, `"ok"`},
		{ops.URL + "/readyz", http.StatusServiceUnavailable, `{"parts":{"table":"unexpected EOF"}}`},
		{ops.URL + "/metrics", http.StatusOK, "tabiya_http_request_seconds_count"},
	} {
		answer, err := http.Get(c.url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != c.status || !strings.Contains(string(text), c.body) {
			t.Errorf("%s: %d %s, want %d with %s", c.url, answer.StatusCode, text, c.status, c.body)
		}
		if strings.HasPrefix(c.url, public.URL) && strings.Contains(string(text), "table") {
			t.Errorf("%s names a part: %s", c.url, text)
		}
	}
}

// A code without a status would be answered with 500.
func TestEveryCodeHasAStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../schemas/codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			code, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := statuses[schemas.Code(code)]; !ok {
				t.Errorf("%s has no status", name)
			}
			n++
		}
		return true
	})
	if n != len(statuses) {
		t.Errorf("there are %d codes and %d statuses", n, len(statuses))
	}
}

func TestOneNetworkIsOneClient(t *testing.T) {
	t.Parallel()
	e := New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	e.GET("/", func(c *gin.Context) { c.String(200, ClientNetwork(c)) })
	for address, want := range map[string]string{
		"203.0.113.7:1":            "203.0.113.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:1":      "2001:db8:1:2::/64",
		"[::ffff:203.0.113.7]:1":   "203.0.113.7",
	} {
		request, answer := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		request.RemoteAddr = address
		e.ServeHTTP(answer, request)
		if got := answer.Body.String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestForwardedAddressIsUsedOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trusted   []string
		forwarded string
		want      string
	}{
		{nil, "", "127.0.0.1"},
		{nil, "203.0.113.7", "127.0.0.1"},
		{[]string{"10.0.0.0/8"}, "203.0.113.7", "127.0.0.1"},
		{[]string{"127.0.0.0/8"}, "203.0.113.7", "203.0.113.7"},
		{[]string{"127.0.0.1"}, "198.51.100.1, 203.0.113.7", "203.0.113.7"},
	} {
		e := New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		if c.trusted != nil {
			if err := TrustProxies(e, c.trusted); err != nil {
				t.Fatal(err)
			}
		}
		e.GET("/", func(c *gin.Context) { c.String(200, c.ClientIP()) })
		request := httptest.NewRequest("GET", "/", nil)
		request.RemoteAddr = "127.0.0.1:4000"
		request.Header.Set("X-Forwarded-For", c.forwarded)
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, request)
		if got := answer.Body.String(); got != c.want {
			t.Errorf("trusting %v, X-Forwarded-For %q: got address %s, want %s", c.trusted, c.forwarded, got, c.want)
		}
	}
	if err := TrustProxies(gin.New(), []string{"the gateway"}); err == nil {
		t.Error("TrustProxies accepted a malformed network")
	}
}
