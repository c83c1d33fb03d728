package ratings_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/services/account"
	"tabiya/services/openapi/openapitest"
)

// rig is the account service with a database of its own.
type rig struct {
	t      *testing.T
	pool   *pgxpool.Pool
	server *httptest.Server
	signer *auth.Signer
}

// nobody is an index without players, and takes no command: these tests read alone.
type nobody struct{}

func (nobody) Get(string) (*player.State, bool)               { return nil, false }
func (nobody) Find(string) (*player.State, bool)              { return nil, false }
func (nobody) Ready() bool                                    { return true }
func (nobody) Send(context.Context, ...schemas.Message) error { return nil }

func newRig(t *testing.T) *rig {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now() // stands still, so that no limit refills
	logger, registry := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	r := &rig{t: t, pool: postgrestest.New(t).Pool, signer: auth.NewSigner(key)}
	service, err := account.New(account.Config{
		Pool: r.pool, Commands: nobody{}, Players: nobody{}, Signer: r.signer,
		Verifier: auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now),
		Regions:  []string{"eu"}, Logger: logger, Registerer: registry, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := httpx.New(logger, prometheus.NewRegistry())
	service.Routes(engine)
	r.server = httptest.NewServer(engine)
	t.Cleanup(r.server.Close)
	return r
}

// request sends a request, checks the response against the OpenAPI document and decodes
// it into out, if that is not nil.
func (r *rig) request(method, path, token string, out any) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
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
			r.t.Fatalf("%s: %d %s: %v", path, resp.StatusCode, text, err)
		}
	}
	return resp
}

// wantRefused sends a request that must be refused with a code.
func (r *rig) wantRefused(want schemas.Code, path string) {
	r.t.Helper()
	var p httpx.Problem
	if resp := r.request("GET", path, "", &p); p.Code != want || resp.StatusCode != httpx.Status(want) {
		r.t.Errorf("%s: %d %s %q, want %s", path, resp.StatusCode, p.Code, p.Detail, want)
	}
}
