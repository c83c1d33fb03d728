package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"tabiya/schemas"
)

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

// Those that come at once are counted before it is known whether they are wrong.
func TestGuessingAtOnceIsSlowedDown(t *testing.T) {
	t.Parallel()
	a := newAttempts(func() time.Time { return time.Unix(1_000_000, 0) })
	var ends []func(wrong bool)
	for range 60 {
		if end, ok := a.try("here", "Guessed"); ok {
			ends = append(ends, end)
		}
	}
	if len(ends) != wrongAtOnce {
		t.Fatalf("%d of 60 are tried at once", len(ends))
	}
	if _, ok := a.try("there", "guessed"); !ok {
		t.Error("another address pays for it")
	}
	for i, end := range ends {
		end(i > 0) // one was right
	}
	end, ok := a.try("here", "guessed")
	if !ok {
		t.Fatal("a right password was counted as a wrong one")
	}
	if _, ok := a.try("here", "guessed"); ok {
		t.Error("one more than are free")
	}
	if end(true); len(a.trying) != 1 { // the one from there
		t.Errorf("%v are remembered", a.trying)
	}
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
