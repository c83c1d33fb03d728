package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"tabiya/schemas"
)

func TestUnknownHandleHashesLikeWrongPassword(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.register(`{"handle":"known","password":"password one"}`)
	var hashes []string
	compare := r.hashes.compare
	r.hashes.compare = func(password, hash string) (bool, error) {
		hashes = append(hashes, hash)
		return compare(password, hash)
	}
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"known","password":"password two"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"unknown","password":"password two"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"email":"un@known.org","password":"no account has this"}`)
	if len(hashes) != 3 || hashes[1] != r.hashes.dummy || hashes[2] != r.hashes.dummy || len(hashes[0]) != len(hashes[1]) {
		t.Fatalf("%q", hashes)
	}
}

func TestWrongPasswordsRateLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attempts.now = func() time.Time { return time.Unix(1_000_000, 0) } // the limits do not refill
	r.register(`{"handle":"guessed","password":"password one"}`)
	r.register(`{"handle":"neighbour","password":"password one"}`)
	for range maxWrong {
		r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"guessed","password":"password two"}`)
	}
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"Guessed","password":"password one"}`)
	r.request("POST", "/v1/sessions", "", `{"handle":"neighbour","password":"password one"}`, &session{})
}

// Open attempts count as wrong.
func TestConcurrentAttemptsLimited(t *testing.T) {
	t.Parallel()
	a := newAttempts(func() time.Time { return time.Unix(1_000_000, 0) })
	var finishes []func(wrong bool)
	for range 60 {
		if finish, ok := a.Begin("address", "id"); ok {
			finishes = append(finishes, finish)
		}
	}
	if len(finishes) != maxWrong {
		t.Fatalf("%d of 60 attempts begin", len(finishes))
	}
	if _, ok := a.Begin("other address", "id"); !ok {
		t.Error("another address is limited as well")
	}
	for i, finish := range finishes {
		finish(i > 0) // one password was right
	}
	finish, ok := a.Begin("address", "id")
	if !ok {
		t.Fatal("a right password counts as a wrong one")
	}
	if _, ok := a.Begin("address", "id"); ok {
		t.Error("one attempt too many")
	}
	if finish(true); len(a.open) != 1 { // that of the other address
		t.Errorf("open attempts: %v", a.open)
	}
}

func TestHashingRefusedWhenTooManyWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// All slots are taken and as many requests wait as may.
	for range cap(r.hashes.admitted) {
		r.hashes.admitted <- struct{}{}
	}
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", `{"handle":"late","password":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", `{"handle":"late","password":"password one"}`)
	<-r.hashes.admitted
	r.register(`{"handle":"late","password":"password one"}`)

	// A request that stops waiting makes room for another.
	for range cap(r.hashes.slots) {
		r.hashes.slots <- struct{}{}
	}
	before := len(r.hashes.admitted)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.hashes.Hash(ctx, "password one"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(r.hashes.admitted) != before {
		t.Fatal("the place was not freed")
	}
}

// One account, reached by every way to send a password for it, has one limit.
func TestWrongPasswordsCountForTheAccountWhateverTheWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attempts.now = func() time.Time { return time.Unix(1_000_000, 0) }
	s := r.register(`{"handle":"victim","password":"password one","email":"v@example.org"}`, "Idempotency-Key", "known")
	ways := []func(schemas.Code){
		func(want schemas.Code) {
			r.wantRefused(want, "POST", "/v1/sessions", "", `{"handle":"VICTIM","password":"password two"}`)
		},
		func(want schemas.Code) {
			r.wantRefused(want, "POST", "/v1/sessions", "", `{"email":"V@example.org","password":"password two"}`)
		},
		func(want schemas.Code) {
			r.wantRefused(want, "DELETE", "/v1/accounts/me", s.Token, `{"currentPassword":"password two"}`)
		},
		func(want schemas.Code) {
			r.wantRefused(want, "PATCH", "/v1/accounts/me", s.Token, `{"email":"","currentPassword":"password two"}`)
		},
		func(want schemas.Code) {
			if want == schemas.CodeWrongCredentials {
				want = schemas.CodeKeyReused
			}
			r.wantRefused(want, "POST", "/v1/accounts", "", `{"handle":"victim","password":"password two","email":"v@example.org"}`, "Idempotency-Key", "known")
		},
	}
	for n := range maxWrong {
		ways[n%len(ways)](schemas.CodeWrongCredentials)
	}
	for _, way := range ways {
		way(schemas.CodeRateLimited)
	}
}

func TestPasswordsOfOneNetworkPaced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pace = newPace(3)
	now := time.Unix(1_000_000, 0)
	r.cfg.Now = func() time.Time { return now }
	r.register(`{"handle":"first","password":"password one"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"nobody","password":"password one"}`)
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"first","password":"password one"}`)
	hashed := false
	compare := r.hashes.compare
	r.hashes.compare = func(password, hash string) (bool, error) { hashed = true; return compare(password, hash) }
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"nobody2","password":"password one"}`)
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/accounts", "", `{"handle":"second","password":"password one"}`)
	if hashed || r.count(`SELECT count(*) FROM accounts`) != 1 {
		t.Error("a refused request was carried out")
	}
	service, _, err := r.signer.Service("operator", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if resp := r.request("POST", "/v1/accounts", service, `{"handle":"third","password":"password one"}`, nil); resp.StatusCode != 201 {
		t.Errorf("an operator's program gets %d", resp.StatusCode)
	}
	now = now.Add(time.Minute / 3)
	r.register(`{"handle":"fourth","password":"password one"}`)
}
