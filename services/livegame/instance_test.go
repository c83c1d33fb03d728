package livegame_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/internal/supervise"
	"tabiya/schemas"
	"tabiya/services/livegame"
	"tabiya/services/openapi/openapitest"
)

// instance is the service with an HTTP server.
type instance struct {
	t        *testing.T
	service  *livegame.Service
	registry *prometheus.Registry
	server   *httptest.Server
	engine   *gin.Engine
	stop     func() // ends Run and the listener
}

// start starts an instance, which may not be ready yet.
func (r *rig) start(tune ...func(*livegame.Config)) *instance {
	r.t.Helper()
	i := &instance{t: r.t, registry: prometheus.NewRegistry()}
	cfg := livegame.Config{
		Kafka: r.Config, Commands: r.producer, Players: r.players, Verifier: r.verifier,
		Regions: []string{"eu", "us-east"}, Logger: logger(r.t), Registerer: i.registry,
	}
	for _, f := range tune {
		f(&cfg)
	}
	var err error
	if i.service, err = livegame.New(cfg); err != nil {
		r.t.Fatal(err)
	}
	i.engine = httpx.New(logger(r.t), i.registry)
	i.service.Routes(i.engine)
	i.server = httptest.NewServer(i.engine)
	stopRun := r.background(func(ctx context.Context) error {
		keep := supervise.New(logger(r.t), supervise.Backoff{Min: 20 * time.Millisecond, Max: 100 * time.Millisecond},
			supervise.Part{Name: "livegame", Run: i.service.Run})
		keep.Run(ctx)
		return nil
	})
	i.stop = func() {
		stopRun()
		i.server.CloseClientConnections()
		i.server.Close()
	}
	r.t.Cleanup(i.stop)
	return i
}

// trustProxies makes the instance take clients' addresses from X-Forwarded-For.
func (i *instance) trustProxies(proxies ...string) {
	i.t.Helper()
	if err := httpx.TrustProxies(i.engine, proxies); err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) waitReady() {
	i.t.Helper()
	eventually.True(i.t, "the service is ready", func() bool { return i.service.Ready() == nil })
}

// answer is a response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// reply has the fields of the answers to commands and of a game's JSON view.
type reply struct {
	ID              string              `json:"id"`
	Seq             int64               `json:"seq"`
	Ply             int                 `json:"ply"`
	Result          schemas.Result      `json:"result"`
	Termination     schemas.Termination `json:"termination"`
	Event           json.RawMessage     `json:"event"`
	FEN             string              `json:"fen"`
	Status          any                 `json:"status"`
	Moves           []string            `json:"moves"`
	Code            schemas.Code        `json:"code"`
	Detail          string              `json:"detail"`
	Watchers        *int                `json:"watchers"`
	White           seat                `json:"white"`
	Black           seat                `json:"black"`
	Turn            schemas.Color       `json:"turn"`
	Clock           schemas.Clocks      `json:"clock"`
	DeadlineAt      schemas.Time        `json:"deadlineAt"`
	WaitsForPlayers bool                `json:"waitsForPlayers"`
	DrawOffer       schemas.Color       `json:"drawOffer"`

	TakebackOffer schemas.Color `json:"takebackOffer"`
	RematchOffer  schemas.Color `json:"rematchOffer"`
	Rematch       string        `json:"rematch"`
	RematchOf     string        `json:"rematchOf"`
}

type seat struct {
	PlayerID    string       `json:"playerId"`
	GoneSince   schemas.Time `json:"goneSince"`
	ClaimableAt schemas.Time `json:"claimableAt"`
}

func (a answer) read(t testing.TB) reply {
	t.Helper()
	var r reply
	if err := json.Unmarshal(a.body, &r); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return r
}

// do sends a request. headers are pairs of a name and a value.
func (i *instance) do(method, path, token, body string, headers ...string) answer {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), method, i.server.URL+path, strings.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for n := 0; n < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		i.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	openapitest.ValidateBody(i.t, req, resp, text)
	return answer{resp.StatusCode, resp.Header, text}
}

// ok sends a request that must succeed.
func (i *instance) ok(method, path, token, body string, headers ...string) reply {
	i.t.Helper()
	a := i.do(method, path, token, body, headers...)
	if a.status/100 != 2 {
		i.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a.read(i.t)
}

// refused sends a request that must be refused with this status and code.
func (i *instance) refused(status int, code schemas.Code, method, path, token, body string, headers ...string) answer {
	i.t.Helper()
	a := i.do(method, path, token, body, headers...)
	if got := a.read(i.t); a.status != status || got.Code != code {
		i.t.Errorf("%s %s %.80s: %d %s (%s), want %d %s", method, path, body, a.status, got.Code, got.Detail, status, code)
	}
	return a
}
