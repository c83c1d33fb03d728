package account

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
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
	"tabiya/internal/httpx"
	"tabiya/internal/player"
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

func TestRegisterSignInAndLookUp(t *testing.T) {
	t.Parallel()
	h := build(t)
	s := h.register(`{"handle":"Vera_Menchik","password":"world champion","email":"Vera@example.org","region":"us-east","country":"CZ"}`)
	if !schemas.ValidID(s.Account.ID) || s.Account.Handle != "Vera_Menchik" || s.Account.Email != "Vera@example.org" ||
		s.Account.Region != "us-east" || s.Account.Country != "CZ" || s.ExpiresAt.Std().Before(time.Now()) {
		t.Fatalf("%+v", s)
	}
	var own ownAccount
	if h.ask("GET", "/v1/accounts/me", s.Token, "", &own); own != s.Account {
		t.Fatalf("%+v, want %+v", own, s.Account)
	}
	for _, body := range []string{
		`{"handle":"vera_menchik","password":"world champion"}`,
		`{"email":"VERA@EXAMPLE.ORG","password":"world champion"}`,
	} {
		var again session
		if resp := h.ask("POST", "/v1/sessions", "", body, &again); resp.StatusCode != http.StatusCreated || again.Account != s.Account {
			t.Fatalf("%s: %d %+v", body, resp.StatusCode, again)
		}
		if h.ask("GET", "/v1/accounts/me", again.Token, "", &own); own != s.Account {
			t.Fatalf("%+v", own)
		}
	}
	h.cfg.Players.(index)[s.Account.ID] = &player.State{ID: s.Account.ID, Ratings: []player.Rating{
		{Speed: schemas.Blitz, Rating: 1612.5, Deviation: 109.9, Games: 31},
		{Speed: schemas.Rapid, Rating: 1500, Deviation: 500},
	}}
	for _, name := range []string{"VERA_menchik", s.Account.ID} {
		var p publicPlayer
		h.ask("GET", "/v1/players/"+name, "", "", &p)
		if p.ID != s.Account.ID || p.Handle != "Vera_Menchik" || p.Country != "CZ" || p.Closed || len(p.Ratings) != 1 ||
			p.Ratings[schemas.Blitz] != (publicRating{1612.5, 109.9, false, 31}) {
			t.Fatalf("%s: %+v", name, p)
		}
	}
	if n := h.count(`SELECT count(*) FROM accounts WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`); n != 1 {
		t.Fatal("the password hash is not argon2id with its parameters")
	}
}

func TestNoPersonalDataOnTopics(t *testing.T) {
	t.Parallel()
	h := build(t)
	s := h.register(`{"handle":"secretive","password":"password one","email":"private@example.org"}`)
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"email":"hidden@example.org","country":"FR","currentPassword":"password one"}`, nil)
	for h.count(`SELECT count(*) FROM outbox`) > 0 {
		if _, err := h.relay.publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.kafka.records) != 2 {
		t.Fatalf("%d records", len(h.kafka.records))
	}
	for _, r := range h.kafka.records {
		for _, secret := range []string{"example.org", "argon2", "password"} {
			if strings.Contains(string(r.Value), secret) {
				t.Errorf("%s holds %q", r.Value, secret)
			}
		}
	}
}

func TestARepeatedRegistrationIsOneAccount(t *testing.T) {
	t.Parallel()
	h := build(t)
	const body = `{"handle":"repeater","password":"password one","country":"DE"}`
	first := h.register(body, "Idempotency-Key", "k1")
	again := h.register(body, "Idempotency-Key", "k1")
	if first.Account != again.Account || again.Token == "" {
		t.Fatalf("%+v, then %+v", first.Account, again.Account)
	}
	if a, o := h.count(`SELECT count(*) FROM accounts`), h.count(`SELECT count(*) FROM outbox`); a != 1 || o != 1 {
		t.Fatalf("%d accounts, %d commands", a, o)
	}
	// The same key for something else, another key, no key.
	h.refused(schemas.CodeKeyReused, "POST", "/v1/accounts", "", `{"handle":"repeater","password":"password two"}`, "Idempotency-Key", "k1")
	h.refused(schemas.CodeKeyReused, "POST", "/v1/accounts", "", `{"handle":"repeater","password":"password one"}`, "Idempotency-Key", "k1")
	h.refused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", body, "Idempotency-Key", "k2")
	h.refused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", body)
	h.refused(schemas.CodeInvalidIdempotency, "POST", "/v1/accounts", "", body, "Idempotency-Key", "not one word")

	// All at once: one account, and each asker gets it.
	var all sync.WaitGroup
	answers := make([]session, 8)
	for i := range answers {
		all.Go(func() {
			answers[i] = h.register(`{"handle":"at_once","password":"password one"}`, "Idempotency-Key", "k")
		})
	}
	all.Wait()
	for _, a := range answers {
		if a.Account != answers[0].Account {
			t.Errorf("%+v and %+v", a.Account, answers[0].Account)
		}
	}
}

func TestHandlesAndAddressesAreUniqueWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.register(`{"handle":"Judit","password":"password one","email":"j@example.org"}`)
	h.refused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"JUDIT","password":"password one"}`)
	h.refused(schemas.CodeEmailTaken, "POST", "/v1/accounts", "", `{"handle":"other","password":"password one","email":"J@Example.org"}`)
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		made int
	)
	for range 8 {
		all.Go(func() {
			resp := h.ask("POST", "/v1/accounts", "", `{"handle":"Racer","password":"password one"}`, nil)
			mu.Lock()
			defer mu.Unlock()
			if resp.StatusCode == http.StatusCreated {
				made++
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Fatalf("%d accounts of one handle", made)
	}
}

func TestAnUnknownHandleCostsAsMuchAsAWrongPassword(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.register(`{"handle":"known","password":"password one"}`)
	var hashes []string
	compare := h.hashes.compare
	h.hashes.compare = func(password, hash string) (bool, error) {
		hashes = append(hashes, hash)
		return compare(password, hash)
	}
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"known","password":"password two"}`)
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"unknown","password":"password two"}`)
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"email":"un@known.org","password":"no account has this"}`)
	if len(hashes) != 3 || hashes[1] != h.hashes.dummy || hashes[2] != h.hashes.dummy || len(hashes[0]) != len(hashes[1]) {
		t.Fatalf("%q", hashes)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.attempts.now = func() time.Time { return time.Unix(1_000_000, 0) } // nothing is refilled
	h.register(`{"handle":"guessed","password":"password one"}`)
	h.register(`{"handle":"neighbour","password":"password one"}`)
	for range wrongAtOnce {
		h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"guessed","password":"password two"}`)
	}
	h.refused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"Guessed","password":"password one"}`)
	h.ask("POST", "/v1/sessions", "", `{"handle":"neighbour","password":"password one"}`, &session{})
}

func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	h := build(t)
	// All slots are taken, and all places in front of them.
	for range cap(h.hashes.admitted) {
		h.hashes.admitted <- struct{}{}
	}
	h.refused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", `{"handle":"late","password":"password one"}`)
	h.refused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", `{"handle":"late","password":"password one"}`)
	<-h.hashes.admitted
	h.register(`{"handle":"late","password":"password one"}`)

	// Who gives up waiting leaves his place.
	for range cap(h.hashes.slots) {
		h.hashes.slots <- struct{}{}
	}
	before := len(h.hashes.admitted)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hashes.Hash(ctx, "password one"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(h.hashes.admitted) != before {
		t.Fatal("a place is lost")
	}
}

func TestChangeAndClose(t *testing.T) {
	t.Parallel()
	h := build(t)
	s := h.register(`{"handle":"changer","password":"password one","email":"a@example.org","country":"NO"}`)
	var own ownAccount
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"country":"","region":"us-east"}`, &own)
	if own.Country != "" || own.Region != "us-east" || own.Email != "a@example.org" {
		t.Fatalf("%+v", own)
	}
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"country":""}`, nil) // nothing new
	h.refused(schemas.CodeInvalidField, "PATCH", "/v1/accounts/me", s.Token, `{"password":"password two"}`)
	h.refused(schemas.CodeWrongCredentials, "PATCH", "/v1/accounts/me", s.Token, `{"password":"password two","currentPassword":"password six"}`)
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"password":"password two","email":"","currentPassword":"password one"}`, &own)
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"changer","password":"password one"}`)
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"email":"a@example.org","password":"password two"}`)
	h.ask("POST", "/v1/sessions", "", `{"handle":"changer","password":"password two"}`, &session{})

	other := h.register(`{"handle":"other","password":"password one","email":"b@example.org"}`)
	h.refused(schemas.CodeEmailTaken, "PATCH", "/v1/accounts/me", s.Token, `{"email":"B@example.org","currentPassword":"password two"}`)

	for range 2 { // closing twice is closing once
		if resp := h.ask("DELETE", "/v1/accounts/me", other.Token, "", nil); resp.StatusCode != http.StatusNoContent {
			t.Fatal(resp.StatusCode)
		}
	}
	h.refused(schemas.CodePlayerClosed, "GET", "/v1/accounts/me", other.Token, "")
	h.refused(schemas.CodePlayerClosed, "PATCH", "/v1/accounts/me", other.Token, `{"country":"SE"}`)
	h.refused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"other","password":"password one"}`)
	h.refused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"other","password":"password one"}`)
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"email":"b@example.org","currentPassword":"password two"}`, &own) // it is free again
	var p publicPlayer
	if h.ask("GET", "/v1/players/other", "", "", &p); !p.Closed {
		t.Fatalf("%+v", p)
	}
	if n := h.count(`SELECT count(*) FROM accounts WHERE handle = 'other' AND email IS NULL AND password_hash = ''`); n != 1 {
		t.Fatal("personal data is left")
	}

	for h.count(`SELECT count(*) FROM outbox`) > 0 {
		if _, err := h.relay.publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var kinds []schemas.CommandType
	for _, c := range h.kafka.commands(t) {
		kinds = append(kinds, c.Type)
		if u, ok := c.Payload.(*schemas.UpdatePlayerPayload); ok && (u.Revision != 2 || u.Country != "" || c.Region != "us-east") {
			t.Errorf("%+v %+v", c, u)
		}
	}
	want := []schemas.CommandType{schemas.RegisterPlayer, schemas.UpdatePlayer, schemas.RegisterPlayer, schemas.ClosePlayer}
	if len(kinds) != len(want) {
		t.Fatalf("%v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("%v, want %v", kinds, want)
		}
	}
}

func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	h := build(t)
	s := h.register(`{"handle":"busy","password":"password one"}`)
	var all sync.WaitGroup
	for _, body := range []string{`{"country":"IS"}`, `{"region":"us-east"}`, `{"email":"busy@example.org","currentPassword":"password one"}`} {
		all.Go(func() {
			if resp := h.ask("PATCH", "/v1/accounts/me", s.Token, body, nil); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", body, resp.StatusCode)
			}
		})
	}
	all.Wait()
	var own ownAccount
	if h.ask("GET", "/v1/accounts/me", s.Token, "", &own); own.Country != "IS" || own.Region != "us-east" || own.Email != "busy@example.org" {
		t.Fatalf("%+v", own)
	}
}
