package account

import (
	"errors"
	"net/http"
	"testing"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

func (r *rig) wantSession(token string, want schemas.Code) {
	r.t.Helper()
	if want != "" {
		r.wantRefused(want, "GET", "/v1/accounts/me", token, "")
		return
	}
	if resp := r.request("GET", "/v1/accounts/me", token, "", nil); resp.StatusCode != http.StatusOK {
		r.t.Errorf("a session that goes on gets %d", resp.StatusCode)
	}
}

func TestPasswordChangeEndsEverySessionButTheNewOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stolen := r.register(`{"handle":"victim","password":"password one"}`)
	own := r.signIn("victim", "password one")
	var changed changedAccount
	r.request("PATCH", "/v1/accounts/me", own.Token, `{"password":"password two","currentPassword":"password one"}`, &changed)
	if changed.Token == "" || changed.ExpiresAt == nil {
		t.Fatalf("no new token: %+v", changed)
	}
	r.wantSession(stolen.Token, schemas.CodeSessionEnded)
	r.wantSession(own.Token, schemas.CodeSessionEnded)
	r.wantSession(changed.Token, "")
	r.wantSession(r.signIn("victim", "password two").Token, "")

	// A change of something else ends nothing.
	var other changedAccount
	r.request("PATCH", "/v1/accounts/me", changed.Token, `{"country":"NO"}`, &other)
	if r.wantSession(changed.Token, ""); other.Token != "" {
		t.Error("a new token for a change of country")
	}
}

// A sign-in that has read the account before the change of the password must not make a
// token that outlives it, whichever of the two commits first.
func TestSignInThatRacesAPasswordChangeIsEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"racer","password":"password one"}`)
	a, err := r.accounts.ByHandle(t.Context(), "racer")
	if err != nil {
		t.Fatal(err)
	}
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"password":"password two","currentPassword":"password one"}`, nil)
	late, _, err := r.signer.Player(a.ID, a.ReadAt, r.cfg.TokenTTL)
	if err != nil {
		t.Fatal(err)
	}
	r.wantSession(late, schemas.CodeSessionEnded)
}

func TestSignOutEndsOneSessionAndEverywhereAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.register(`{"handle":"leaver","password":"password one"}`)
	two, three := r.signIn("leaver", "password one"), r.signIn("leaver", "password one")
	signOut := func(path, token string) {
		t.Helper()
		if resp := r.request("DELETE", path, token, "", nil); resp.StatusCode != http.StatusNoContent {
			t.Fatal(resp.StatusCode)
		}
	}
	signOut("/v1/sessions/current", one.Token)
	r.wantRefused(schemas.CodeSessionEnded, "DELETE", "/v1/sessions/current", one.Token, "")
	r.wantSession(two.Token, "")
	signOut("/v1/sessions", two.Token)
	r.wantSession(two.Token, schemas.CodeSessionEnded)
	r.wantSession(three.Token, schemas.CodeSessionEnded)
	again := r.signIn("leaver", "password one") // at once: tokens are valid from the end on
	r.wantSession(again.Token, "")
	signOut("/v1/sessions", again.Token)
	r.wantSession(again.Token, schemas.CodeSessionEnded)

	r.publishAll()
	var ends []schemas.EndSessionsPayload
	for _, c := range r.kafka.commands(t) {
		if p, ok := c.Payload.(*schemas.EndSessionsPayload); ok {
			ends = append(ends, *p)
		}
	}
	if len(ends) != 3 || !schemas.ValidID(ends[0].TokenID) || ends[0].NotBefore != 0 || ends[1].NotBefore == 0 || ends[2].NotBefore <= ends[1].NotBefore {
		t.Fatalf("%+v", ends)
	}
}

func TestSignOutsPaced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"hasty","password":"password one"}`)
	id := s.Account.ID
	refusals := 0
	for range 2 * signOutBurst {
		r.cfg.Verifier.Sessions = auth.Sessions{} // the pace is what refuses, not the ended session
		if resp := r.request("DELETE", "/v1/sessions/current", s.Token, "", nil); resp.StatusCode == http.StatusTooManyRequests {
			refusals++
		}
	}
	if refusals == 0 {
		t.Errorf("%s ends %d sessions at once", id, 2*signOutBurst)
	}
}

func TestSessionsGoOnIfTheirEndIsNotStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"unlucky","password":"password one"}`)
	if _, err := r.cfg.Pool.Exec(t.Context(), `ALTER TABLE outbox RENAME TO gone`); err != nil {
		t.Fatal(err)
	}
	if resp := r.request("DELETE", "/v1/sessions", s.Token, "", nil); resp.StatusCode < 500 {
		t.Fatal(resp.StatusCode)
	}
	if _, err := r.cfg.Verifier.Verify(s.Token); errors.Is(err, auth.ErrEnded) {
		t.Error("the session has ended here, and nowhere else")
	}
	if n := r.count(`SELECT count(*) FROM accounts WHERE sessions_not_before IS NOT NULL`); n != 0 {
		t.Error("half of the change is stored")
	}
}
