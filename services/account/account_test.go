package account

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

func TestRegisterSignInAndLookUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"Vera_Menchik","password":"world champion","email":"Vera@example.org","region":"us-east","country":"CZ"}`)
	if !schemas.ValidID(s.Account.ID) || s.Account.Handle != "Vera_Menchik" || s.Account.Email != "Vera@example.org" ||
		s.Account.Region != "us-east" || s.Account.Country != "CZ" || s.ExpiresAt.Std().Before(time.Now()) {
		t.Fatalf("%+v", s)
	}
	var own accountView
	if r.request("GET", "/v1/accounts/me", s.Token, "", &own); own != s.Account {
		t.Fatalf("%+v, want %+v", own, s.Account)
	}
	for _, body := range []string{
		`{"handle":"vera_menchik","password":"world champion"}`,
		`{"email":"VERA@EXAMPLE.ORG","password":"world champion"}`,
	} {
		var again session
		if resp := r.request("POST", "/v1/sessions", "", body, &again); resp.StatusCode != http.StatusCreated || again.Account != s.Account {
			t.Fatalf("%s: %d %+v", body, resp.StatusCode, again)
		}
		if r.request("GET", "/v1/accounts/me", again.Token, "", &own); own != s.Account {
			t.Fatalf("%+v", own)
		}
	}
	r.cfg.Players.(index)[s.Account.ID] = &player.State{ID: s.Account.ID, Ratings: []player.Rating{
		{Speed: schemas.Blitz, Rating: 1612.5, Deviation: 109.9, Games: 31},
		{Speed: schemas.Rapid, Rating: 1500, Deviation: 500},
	}}
	for _, name := range []string{"VERA_menchik", s.Account.ID} {
		var p publicPlayer
		r.request("GET", "/v1/players/"+name, "", "", &p)
		if p.ID != s.Account.ID || p.Handle != "Vera_Menchik" || p.Country != "CZ" || p.Closed || len(p.Ratings) != 1 ||
			p.Ratings[schemas.Blitz] != (publicRating{1612.5, 109.9, false, 31}) {
			t.Fatalf("%s: %+v", name, p)
		}
	}
	if n := r.count(`SELECT count(*) FROM accounts WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`); n != 1 {
		t.Fatal("the password hash is not argon2id with its parameters")
	}
}

func TestNoPersonalDataOnTopics(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"secretive","password":"password one","email":"private@example.org"}`)
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"email":"hidden@example.org","country":"FR","currentPassword":"password one"}`, nil)
	r.publishAll()
	if len(r.kafka.records) != 2 {
		t.Fatalf("%d records", len(r.kafka.records))
	}
	for _, record := range r.kafka.records {
		for _, secret := range []string{"example.org", "argon2", "password"} {
			if strings.Contains(string(record.Value), secret) {
				t.Errorf("%s holds %q", record.Value, secret)
			}
		}
	}
}

func TestRepeatedRegistrationCreatesOneAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const body = `{"handle":"repeater","password":"password one","country":"DE"}`
	first := r.register(body, "Idempotency-Key", "k1")
	again := r.register(body, "Idempotency-Key", "k1")
	if first.Account != again.Account || again.Token == "" {
		t.Fatalf("%+v, then %+v", first.Account, again.Account)
	}
	if a, o := r.count(`SELECT count(*) FROM accounts`), r.count(`SELECT count(*) FROM outbox`); a != 1 || o != 1 {
		t.Fatalf("%d accounts, %d commands", a, o)
	}
	// The same key for something else, another key, no key.
	r.wantRefused(schemas.CodeKeyReused, "POST", "/v1/accounts", "", `{"handle":"repeater","password":"password two"}`, "Idempotency-Key", "k1")
	r.wantRefused(schemas.CodeKeyReused, "POST", "/v1/accounts", "", `{"handle":"repeater","password":"password one"}`, "Idempotency-Key", "k1")
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", body, "Idempotency-Key", "k2")
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", body)
	r.wantRefused(schemas.CodeInvalidIdempotency, "POST", "/v1/accounts", "", body, "Idempotency-Key", "not one word")

	// Concurrent repeats: one account, which each of them gets.
	var all sync.WaitGroup
	answers := make([]session, 8)
	for i := range answers {
		all.Go(func() {
			answers[i] = r.register(`{"handle":"at_once","password":"password one"}`, "Idempotency-Key", "k")
		})
	}
	all.Wait()
	for _, a := range answers {
		if a.Account != answers[0].Account {
			t.Errorf("%+v and %+v", a.Account, answers[0].Account)
		}
	}
}

func TestHandlesAndEmailsUniqueIgnoringCase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.register(`{"handle":"Judit","password":"password one","email":"j@example.org"}`)
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"JUDIT","password":"password one"}`)
	r.wantRefused(schemas.CodeEmailTaken, "POST", "/v1/accounts", "", `{"handle":"other","password":"password one","email":"J@Example.org"}`)
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		created int
	)
	for range 8 {
		all.Go(func() {
			resp := r.request("POST", "/v1/accounts", "", `{"handle":"Racer","password":"password one"}`, nil)
			mu.Lock()
			defer mu.Unlock()
			if resp.StatusCode == http.StatusCreated {
				created++
			}
		})
	}
	all.Wait()
	if created != 1 {
		t.Fatalf("%d accounts with one handle", created)
	}
}
