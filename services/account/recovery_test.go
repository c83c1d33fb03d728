package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/account/passwords"
	"tabiya/services/account/recovery"
	"tabiya/tables"
)

func (r *rig) code(handle string, life time.Duration) string {
	r.t.Helper()
	code, _, err := recovery.IssueCode(r.t.Context(), r.cfg.Pool, handle, life)
	if err != nil {
		r.t.Fatal(err)
	}
	return code
}

func passwordByCode(handle, code string) string {
	return `{"handle":"` + handle + `","code":"` + code + `","password":"password two"}`
}

const byCode = "/v1/accounts/password"

func TestCodeSetsANewPasswordOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.register(`{"handle":"forgetful","password":"password one"}`)
	r.code("Forgetful", time.Hour) // a later one replaces it
	code := r.code("forgetful", time.Hour)
	var s session
	if resp := r.request("POST", byCode, "", passwordByCode("FORGETFUL", " "+strings.ToLower(code)), &s); resp.StatusCode != 201 || s.Account.ID != old.Account.ID {
		t.Fatalf("%d %+v", resp.StatusCode, s)
	}
	r.wantSession(s.Token, "")
	r.wantSession(old.Token, schemas.CodeSessionEnded)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"forgetful","password":"password one"}`)
	r.signIn("forgetful", "password two")
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("forgetful", code))
}

func TestCodeIsVoidAfterANewPassword(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"finder","password":"password one"}`)
	code := r.code("finder", time.Hour)
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":"NO"}`, nil)
	if n := r.count(`SELECT count(*) FROM account_codes`); n != 1 {
		t.Fatalf("%d codes after another change", n)
	}
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"password":"password six","currentPassword":"password one"}`, nil)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("finder", code))
	s = r.signIn("finder", "password six")

	r.code("finder", time.Hour)
	r.request("DELETE", "/v1/accounts/me", s.Token, `{"currentPassword":"password six"}`, nil)
	if n := r.count(`SELECT count(*) FROM account_codes`); n != 0 {
		t.Errorf("%d codes of a closed account", n)
	}
}

func TestCodeThatIsNotValidSetsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attempts = passwords.NewAttempts(stopped)
	r.register(`{"handle":"holder","password":"password one"}`)
	other := r.register(`{"handle":"other","password":"password one"}`)
	expired := r.code("holder", time.Millisecond)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("holder", expired))
	code := r.code("holder", time.Hour)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("other", code))
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("nobody", code))
	r.wantRefused(schemas.CodeInvalidField, "POST", byCode, "", `{"handle":"holder","code":"`+code+`","password":"short"}`)
	r.wantRefused(schemas.CodeInvalidField, "POST", byCode, "", `{"handle":"holder","code":" ","password":"password two"}`)

	ofOther := r.code("other", time.Hour)
	r.request("DELETE", "/v1/accounts/me", other.Token, `{"currentPassword":"password one"}`, nil)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("other", ofOther))
	if _, _, err := recovery.IssueCode(t.Context(), r.cfg.Pool, "other", time.Hour); !errors.Is(err, recovery.ErrNoAccount) {
		t.Errorf("a code of a closed account: %v", err)
	}
	if _, _, err := recovery.IssueCode(t.Context(), r.cfg.Pool, "holder", 2*recovery.MaxCodeLife); err == nil {
		t.Error("a code that lives too long")
	}
	for range passwords.MaxWrong - 1 { // one wrong code was sent already
		r.wantRefused(schemas.CodeWrongCredentials, "POST", byCode, "", passwordByCode("holder", "guess"))
	}
	r.wantRefused(schemas.CodeRateLimited, "POST", byCode, "", passwordByCode("holder", code))
	r.wantRefused(schemas.CodeRateLimited, "POST", "/v1/sessions", "", `{"handle":"holder","password":"password one"}`)
}

// The database loses what happened since a dump: the accounts of two players, the close of
// one and the new password of another.
func TestAccountsAreRestoredFromTheLog(t *testing.T) {
	t.Parallel()
	cluster, producer := startPlayers(t)
	view := tables.NewView(cluster.Config, tables.Players(), quiet)
	view.SecondKey = func(row *player.State) string { return strings.ToLower(row.Handle) }
	background(t, view.Run)
	r := newRig(t)
	r.cfg.Players = view
	r.sendTo(producer)
	background(t, r.Run)
	exec := func(statement string) {
		t.Helper()
		if _, err := r.cfg.Pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wait := func(id string, met func(*player.State) bool) {
		t.Helper()
		if _, ok := view.WaitUntil(ctx, id, met); !ok {
			t.Fatal("the log does not show it")
		}
	}
	registered := func(s session) session {
		t.Helper()
		wait(s.Account.ID, func(*player.State) bool { return true })
		return s
	}

	kept := registered(r.register(`{"handle":"kept","password":"password one","email":"k@example.org"}`))
	closer := registered(r.register(`{"handle":"closer","password":"password one"}`))
	changer := registered(r.register(`{"handle":"changer","password":"password one"}`))
	exec(`CREATE TABLE dump AS SELECT * FROM accounts`)
	lost := registered(r.register(`{"handle":"Lost","password":"password one","country":"GE"}`))
	gone := registered(r.register(`{"handle":"gone","password":"password one"}`))
	r.request("PATCH", "/v1/accounts/me", lost.Token, `{"country":"UA"}`, nil)
	r.request("DELETE", "/v1/accounts/me", closer.Token, `{"currentPassword":"password one"}`, nil)
	r.request("DELETE", "/v1/accounts/me", gone.Token, `{"currentPassword":"password one"}`, nil)
	r.request("PATCH", "/v1/accounts/me", changer.Token, `{"password":"password two","currentPassword":"password one"}`, nil)
	wait(lost.Account.ID, func(row *player.State) bool { return row.Country == "UA" })
	wait(gone.Account.ID, func(row *player.State) bool { return row.Closed })
	wait(closer.Account.ID, func(row *player.State) bool { return row.Closed })
	eventually.True(t, "the outbox is published", func() bool { return r.outbox() == 0 })
	exec(`DELETE FROM accounts; INSERT INTO accounts SELECT * FROM dump`)
	r.cfg.Verifier.Sessions = auth.Sessions{}
	r.code("changer", time.Hour) // as one of the dump that was used since

	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"LOST","password":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", `{"handle":"closer","password":"password one"}`)
	restored, err := recovery.Restore(ctx, r.cfg.Pool, cluster.Config)
	if err != nil || restored.Created != 2 || restored.Updated != 1 || restored.Locked != 1 || len(restored.Conflict) != 0 {
		t.Fatalf("%+v %v", restored, err)
	}
	if again, err := recovery.Restore(ctx, r.cfg.Pool, cluster.Config); err != nil || again.Created+again.Updated+again.Locked != 0 {
		t.Errorf("once more: %+v %v", again, err)
	}
	if n := r.count(`SELECT count(*) FROM account_codes`); n != 0 {
		t.Errorf("%d codes of the dump", n)
	}
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"lost","password":"password one"}`)
	for _, handle := range []string{"lost", "closer", "gone", "changer"} {
		r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"`+handle+`","password":"password one"}`)
	}
	if s := r.signIn("kept", "password one"); s.Account != kept.Account {
		t.Errorf("%+v, was %+v", s.Account, kept.Account)
	}
	var s session
	r.request("POST", byCode, "", passwordByCode("lost", r.code("lost", time.Hour)), &s)
	if s.Account.ID != lost.Account.ID || s.Account.Handle != "Lost" || s.Account.Country != "UA" {
		t.Fatalf("%+v, was %+v", s.Account, lost.Account)
	}
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":"PL"}`, nil) // the log takes its revision for a new one
	wait(lost.Account.ID, func(row *player.State) bool { return row.Country == "PL" })

	// Somebody else has the handle of a player, from before a release that refuses it.
	exec(`DELETE FROM account_codes; DELETE FROM accounts; INSERT INTO accounts (id, handle, handle_lower, password_hash, region)
		SELECT gen_random_uuid(), handle, handle_lower, '', region FROM dump`)
	restored, err = recovery.Restore(ctx, r.cfg.Pool, cluster.Config)
	if err != nil || restored.Created != 2 || len(restored.Conflict) != 3 {
		t.Errorf("%+v %v", restored, err)
	}
}

func TestNobodyRegistersBeforeThePlayersAreRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Players = unread{index{}}
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", `{"handle":"early","password":"password one"}`)
}

type unread struct{ index }

func (unread) Ready() bool { return false }

// The database is older than the log, and accounts restore has not run yet.
func TestAccountThatIsLaterInTheLogIsNotUsed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	players := index{}
	r.cfg.Players = players
	const body, password, newer = `{"handle":"changed","password":"password one"}`, `{"currentPassword":"password one"}`, `{"country":"NO"}`
	s := r.register(body, "Idempotency-Key", "k")
	players[s.Account.ID] = &player.State{ID: s.Account.ID, Handle: "changed", Revision: 1}
	r.signIn("changed", "password one")
	r.request("PATCH", "/v1/accounts/me", s.Token, newer, nil) // before the log has it
	code := r.code("changed", time.Hour)

	for _, row := range []player.State{{Revision: 3}, {Revision: 2, Closed: true}} {
		row.ID, row.Handle = s.Account.ID, "changed"
		players[s.Account.ID] = &row
		r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", body)
		r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", body, "Idempotency-Key", "k")
		r.wantRefused(schemas.CodeUnavailable, "PATCH", "/v1/accounts/me", s.Token, `{"country":"SE"}`)
		r.wantRefused(schemas.CodeUnavailable, "DELETE", "/v1/accounts/me", s.Token, password)
		r.wantRefused(schemas.CodeUnavailable, "POST", byCode, "", passwordByCode("changed", code))
		r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"changed","password":"password six"}`)
	}
	if n := r.count(`SELECT count(*) FROM accounts WHERE revision = 2 AND closed_at IS NULL AND country = 'NO'`); n != 1 {
		t.Error("the account was changed")
	}
	players[s.Account.ID] = &player.State{ID: s.Account.ID, Handle: "changed", Revision: 2}
	r.signIn("changed", "password one")
}
