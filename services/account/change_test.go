package account

import (
	"net/http"
	"sync"
	"testing"

	"tabiya/schemas"
)

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

	h.publishAll()
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
