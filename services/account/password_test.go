package account

import (
	"context"
	"testing"
	"time"

	"tabiya/schemas"
	"tabiya/services/account/passwords"
)

func stopped() time.Time { return time.Unix(1_000_000, 0) }

// recorder is a hasher that keeps the hashes that passwords were compared with.
type recorder struct {
	hasher
	compared []string
}

func (h *recorder) Matches(ctx context.Context, password, hash string) (bool, error) {
	h.compared = append(h.compared, hash)
	return h.hasher.Matches(ctx, password, hash)
}

// What Matches does with an empty hash takes as long.
func TestUnknownHandleHashesLikeWrongPassword(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.register(`{"handle":"known","password":"password one"}`)
	hashes := &recorder{hasher: r.hashes}
	r.hashes = hashes
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"known","password":"password two"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"unknown","password":"password two"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"email":"un@known.org","password":"no account has this"}`)
	if got := hashes.compared; len(got) != 3 || got[0] == "" || got[1] != "" || got[2] != "" {
		t.Fatalf("%q", got)
	}
}

func TestWrongPasswordsRateLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attempts = passwords.NewAttempts(stopped) // the limits do not refill
	r.register(`{"handle":"guessed","password":"password one"}`)
	r.register(`{"handle":"neighbour","password":"password one"}`)
	for range passwords.MaxWrong {
		r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"guessed","password":"password two"}`)
	}
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"Guessed","password":"password one"}`)
	r.request("POST", "/v1/sessions", "", `{"handle":"neighbour","password":"password one"}`, &session{})
}

// busy is a hasher whose slots are taken.
type busy struct{}

func (busy) Hash(context.Context, string) (string, error) { return "", passwords.ErrBusy }

func (busy) Matches(context.Context, string, string) (bool, error) { return false, passwords.ErrBusy }

func TestRequestsRefusedWhenTooManyPasswordsAreHashed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hashes = busy{}
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", `{"handle":"late","password":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", `{"handle":"late","password":"password one"}`)
}

// One account, reached by every way to send a password for it, has one limit.
func TestWrongPasswordsCountForTheAccountWhateverTheWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attempts = passwords.NewAttempts(stopped)
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
	for n := range passwords.MaxWrong {
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
	hashes := &recorder{hasher: r.hashes}
	r.hashes = hashes
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"nobody2","password":"password one"}`)
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/accounts", "", `{"handle":"second","password":"password one"}`)
	if len(hashes.compared) > 0 || r.count(`SELECT count(*) FROM accounts`) != 1 {
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
