package account

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/services/account/relay"
	"tabiya/services/openapi/openapitest"
)

// index is an index of players in a map.
type index map[string]*player.State

func (index) Ready() bool { return true }

func (i index) Find(handle string) (*player.State, bool) {
	for _, row := range i {
		if strings.ToLower(row.Handle) == handle {
			return row, true
		}
	}
	return nil, false
}

func (i index) Get(id string) (*player.State, bool) {
	row, ok := i[id]
	return row, ok
}

// fakeKafka records what is sent to it, or fails.
type fakeKafka struct {
	mu      sync.Mutex
	err     error
	records []schemas.Record
	sent    chan struct{} // a token for each Send
}

func newFakeKafka() *fakeKafka { return &fakeKafka{sent: make(chan struct{}, 1000)} }

func (k *fakeKafka) Send(_ context.Context, messages ...schemas.Message) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() { k.sent <- struct{}{} }()
	if k.err != nil {
		return k.err
	}
	for _, m := range messages {
		k.records = append(k.records, m.Record())
	}
	return nil
}

func (k *fakeKafka) setErr(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

// limit bounds every wait of a test.
const limit = 15 * time.Second

// next waits for a Send.
func (k *fakeKafka) next(t *testing.T, what string) {
	t.Helper()
	select {
	case <-k.sent:
	case <-time.After(limit):
		t.Fatalf("no Send while waiting for %s; published: %+v", what, k.commands(t))
	}
}

// wait waits until a condition is met, which it checks after each Send.
func (k *fakeKafka) wait(t *testing.T, what string, met func() bool) {
	t.Helper()
	for !met() {
		k.next(t, what)
	}
}

func (k *fakeKafka) commands(t *testing.T) []schemas.Command {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []schemas.Command
	for _, r := range k.records {
		command, err := schemas.DecodeCommand(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, command)
	}
	return all
}

// rig is the service with a database of its own.
type rig struct {
	*Service
	t      *testing.T
	server *httptest.Server
	kafka  *fakeKafka
	signer *auth.Signer
	public ed25519.PublicKey
}

func newRig(t *testing.T) *rig {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	r := &rig{t: t, kafka: newFakeKafka(), signer: auth.NewSigner(key), public: key.Public().(ed25519.PublicKey)}
	r.Service, err = New(Config{
		Pool: postgrestest.New(t).Pool, Commands: r.kafka, Players: index{},
		Signer: r.signer, Verifier: auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now),
		Regions: []string{"eu", "us-east"}, Logger: logger, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := httpx.New(logger, prometheus.NewRegistry())
	r.Routes(engine)
	r.server = httptest.NewServer(engine)
	t.Cleanup(r.server.Close)
	return r
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// request sends a request, checks the response against the OpenAPI document and
// decodes it into out, if that is not nil.
func (r *rig) request(method, path, token, body string, out any, headers ...string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	openapitest.Validate(r.t, req, resp)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			r.t.Fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, text, err)
		}
	}
	return resp
}

// wantRefused sends a request that must be refused with a code.
func (r *rig) wantRefused(want schemas.Code, method, path, token, body string, headers ...string) {
	r.t.Helper()
	var p httpx.Problem
	resp := r.request(method, path, token, body, &p, headers...)
	if p.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s %s %.80s: %d %s %q, want %s", method, path, body, resp.StatusCode, p.Code, p.Detail, want)
	}
	if (resp.StatusCode == 503 || resp.StatusCode == 429) && resp.Header.Get("Retry-After") == "" {
		r.t.Errorf("%s %s: %d without Retry-After", method, path, resp.StatusCode)
	}
}

func (r *rig) register(body string, headers ...string) session {
	r.t.Helper()
	var s session
	if resp := r.request("POST", "/v1/accounts", "", body, &s, headers...); resp.StatusCode != http.StatusCreated {
		r.t.Fatalf("register %s: %d", body, resp.StatusCode)
	}
	return s
}

func (r *rig) signIn(handle, password string) session {
	r.t.Helper()
	var s session
	if resp := r.request("POST", "/v1/sessions", "", `{"handle":"`+handle+`","password":"`+password+`"}`, &s); resp.StatusCode != http.StatusCreated {
		r.t.Fatalf("sign in as %s: %d", handle, resp.StatusCode)
	}
	return s
}

// sendTo makes the relay send to another Kafka.
func (r *rig) sendTo(commands relay.Sender) {
	r.cfg.Commands = commands
	r.relay = relay.New(r.cfg.Pool, commands, r.cfg.Logger, prometheus.NewRegistry())
}

func (r *rig) count(query string) (n int) {
	r.t.Helper()
	if err := r.cfg.Pool.QueryRow(r.t.Context(), query).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// outbox returns how many commands wait to be published.
func (r *rig) outbox() int {
	r.t.Helper()
	return r.count(`SELECT count(*) FROM outbox`)
}

// publishAll empties the outbox.
func (r *rig) publishAll() {
	r.t.Helper()
	for left := r.outbox(); left > 0; {
		n, err := r.relay.Publish(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		now := r.outbox()
		if n == 0 || now != left-n {
			r.t.Fatalf("published %d of %d commands, but the outbox holds %d", n, left, now)
		}
		left = now
	}
}
