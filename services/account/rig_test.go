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
	"tabiya/services/openapi/openapitest"
)

// index is a players table.
type index map[string]*player.State

func (i index) Get(id string) (*player.State, bool) {
	row, ok := i[id]
	return row, ok
}

// topic is a Kafka that can be away.
type topic struct {
	mu      sync.Mutex
	away    error
	records []schemas.Record
	sent    chan struct{} // one for each Send, up to its room
}

func newTopic() *topic { return &topic{sent: make(chan struct{}, 1000)} }

func (k *topic) Send(_ context.Context, messages ...schemas.Message) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() { k.sent <- struct{}{} }()
	if k.away != nil {
		return k.away
	}
	for _, m := range messages {
		k.records = append(k.records, m.Record())
	}
	return nil
}

func (k *topic) setAway(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away = err
}

// patience bounds every wait; a test that waits that long has failed.
const patience = 15 * time.Second

// next waits for a Send.
func (k *topic) next(t *testing.T, what string) {
	t.Helper()
	select {
	case <-k.sent:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s; published: %+v", what, k.commands(t))
	}
}

// wait waits for what is so after some Send.
func (k *topic) wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for !is() {
		k.next(t, what)
	}
}

func (k *topic) commands(t *testing.T) []schemas.Command {
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

// house is the service over a database of its own.
type house struct {
	*Service
	t      *testing.T
	server *httptest.Server
	kafka  *topic
	signer *auth.Signer
}

func build(t *testing.T) *house {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	h := &house{t: t, kafka: newTopic(), signer: auth.NewSigner(key)}
	h.Service, err = New(Config{
		Pool: postgrestest.New(t).Pool, Commands: h.kafka, Players: index{},
		Signer: h.signer, Verifier: auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now),
		Regions: []string{"eu", "us-east"}, Logger: logger, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := httpx.New(logger, prometheus.NewRegistry())
	h.Routes(engine)
	h.server = httptest.NewServer(engine)
	t.Cleanup(h.server.Close)
	return h
}

// readyIs waits until the service is ready, or not.
func (h *house) readyIs(want bool) {
	h.t.Helper()
	for giveUp := time.Now().Add(30 * time.Second); (h.Ready() == nil) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(giveUp) {
			h.t.Fatalf("ready is not %v: %v", want, h.Ready())
		}
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// ask sends a request, checks the answer against the OpenAPI document and reads
// it into out.
func (h *house) ask(method, path, token, body string, out any, headers ...string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
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
	resp, err := h.server.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	openapitest.Validate(h.t, req, resp)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			h.t.Fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, text, err)
		}
	}
	return resp
}

// refused asks for something and wants it refused with a code.
func (h *house) refused(want schemas.Code, method, path, token, body string, headers ...string) {
	h.t.Helper()
	var p httpx.Problem
	resp := h.ask(method, path, token, body, &p, headers...)
	if p.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		h.t.Errorf("%s %s %.80s: %d %s %q, want %s", method, path, body, resp.StatusCode, p.Code, p.Detail, want)
	}
	if (resp.StatusCode == 503 || resp.StatusCode == 429) && resp.Header.Get("Retry-After") == "" {
		h.t.Errorf("%s %s: %d without Retry-After", method, path, resp.StatusCode)
	}
}

func (h *house) register(body string, headers ...string) session {
	h.t.Helper()
	var s session
	if resp := h.ask("POST", "/v1/accounts", "", body, &s, headers...); resp.StatusCode != http.StatusCreated {
		h.t.Fatalf("register %s: %d", body, resp.StatusCode)
	}
	return s
}

func (h *house) count(query string) (n int) {
	h.t.Helper()
	if err := h.cfg.Pool.QueryRow(h.t.Context(), query).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// outbox is how many commands wait to be published.
func (h *house) outbox() int {
	h.t.Helper()
	return h.count(`SELECT count(*) FROM outbox`)
}

// publishAll empties the outbox.
func (h *house) publishAll() {
	h.t.Helper()
	for left := h.outbox(); left > 0; {
		n, err := h.relay.publish(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		now := h.outbox()
		if n == 0 || now != left-n {
			h.t.Fatalf("published %d of %d commands, and the outbox holds %d", n, left, now)
		}
		left = now
	}
}
