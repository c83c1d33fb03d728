package account

import (
	"net/http"
	"sync"
	"testing"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

func TestChangeAndCloseAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"changer","password":"password one","email":"a@example.org","country":"NO"}`)
	var own accountView
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":"","region":"us-east"}`, &own)
	if own.Country != "" || own.Region != "us-east" || own.Email != "a@example.org" {
		t.Fatalf("%+v", own)
	}
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":""}`, nil) // no change
	r.wantRefused(schemas.CodeInvalidField, "PATCH", "/v1/accounts/me", s.Token, `{"password":"password two"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "PATCH", "/v1/accounts/me", s.Token, `{"password":"password two","currentPassword":"password six"}`)
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"password":"password two","email":"","currentPassword":"password one"}`, &own)
	s.Token = r.signIn("changer", "password two").Token
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"changer","password":"password one"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"email":"a@example.org","password":"password two"}`)
	r.request("POST", "/v1/sessions", "", `{"handle":"changer","password":"password two"}`, &session{})

	other := r.register(`{"handle":"other","password":"password one","email":"b@example.org"}`)
	r.wantRefused(schemas.CodeEmailTaken, "PATCH", "/v1/accounts/me", s.Token, `{"email":"B@example.org","currentPassword":"password two"}`)

	r.wantRefused(schemas.CodeInvalidField, "DELETE", "/v1/accounts/me", other.Token, `{}`)
	r.wantRefused(schemas.CodeWrongCredentials, "DELETE", "/v1/accounts/me", other.Token, `{"currentPassword":"password two"}`)
	if resp := r.request("DELETE", "/v1/accounts/me", other.Token, `{"currentPassword":"password one"}`, nil); resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp.StatusCode)
	}
	r.wantRefused(schemas.CodeSessionEnded, "DELETE", "/v1/accounts/me", other.Token, `{"currentPassword":"password one"}`)
	r.cfg.Verifier.Sessions = auth.Sessions{} // as in a process that has not read the event yet
	r.wantRefused(schemas.CodePlayerClosed, "GET", "/v1/accounts/me", other.Token, "")
	r.wantRefused(schemas.CodePlayerClosed, "PATCH", "/v1/accounts/me", other.Token, `{"country":"SE"}`)
	r.wantRefused(schemas.CodeWrongCredentials, "POST", "/v1/sessions", "", `{"handle":"other","password":"password one"}`)
	r.wantRefused(schemas.CodeHandleTaken, "POST", "/v1/accounts", "", `{"handle":"other","password":"password one"}`)
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"email":"b@example.org","currentPassword":"password two"}`, &own) // the address is free again
	var p publicPlayer
	if r.request("GET", "/v1/players/other", "", "", &p); !p.Closed {
		t.Fatalf("%+v", p)
	}
	if n := r.count(`SELECT count(*) FROM accounts WHERE handle = 'other' AND email IS NULL AND password_hash = ''`); n != 1 {
		t.Fatal("personal data was not erased")
	}

	r.publishAll()
	var types []schemas.CommandType
	for _, c := range r.kafka.commands(t) {
		types = append(types, c.Type)
		if u, ok := c.Payload.(*schemas.UpdatePlayerPayload); ok && (u.Revision != 2 || u.Country != "" || c.Region != "us-east") {
			t.Errorf("%+v %+v", c, u)
		}
	}
	want := []schemas.CommandType{schemas.RegisterPlayer, schemas.UpdatePlayer, schemas.EndSessions, schemas.RegisterPlayer, schemas.ClosePlayer}
	if len(types) != len(want) {
		t.Fatalf("%v, want %v", types, want)
	}
	for i := range want {
		if types[i] != want[i] {
			t.Fatalf("%v, want %v", types, want)
		}
	}
}

func TestConcurrentChangesAllKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"busy","password":"password one"}`)
	var all sync.WaitGroup
	for _, body := range []string{`{"country":"IS"}`, `{"region":"us-east"}`, `{"email":"busy@example.org","currentPassword":"password one"}`} {
		all.Go(func() {
			if resp := r.request("PATCH", "/v1/accounts/me", s.Token, body, nil); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", body, resp.StatusCode)
			}
		})
	}
	all.Wait()
	var own accountView
	if r.request("GET", "/v1/accounts/me", s.Token, "", &own); own.Country != "IS" || own.Region != "us-east" || own.Email != "busy@example.org" {
		t.Fatalf("%+v", own)
	}
}
