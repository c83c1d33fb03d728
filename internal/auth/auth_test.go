package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/schemas"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newPair(t testing.TB) (*Signer, *Verifier, *time.Time) {
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	now := start
	_, public, err := ParseKey(mustEncode(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return NewSigner(key), NewVerifier(public, func() time.Time { return now }), &now
}

func mustEncode(t testing.TB, key []byte) []byte {
	text, err := EncodePrivate(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPlayerTokenIsValidUntilItExpires(t *testing.T) {
	signer, verifier, now := newPair(t)
	id := schemas.NewID()
	token, expires, err := signer.Player(id, start, time.Hour)
	if err != nil || !expires.Equal(start.Add(time.Hour)) {
		t.Fatalf("the token expires at %v: %v", expires, err)
	}
	for range 2 { // the second time from the cache
		if who, err := verifier.Verify(token); err != nil || who.PlayerID != id || who.Service != "" || who.Actor() != id {
			t.Fatalf("got %+v, want player %s: %v", who, id, err)
		}
	}
	*now = start.Add(time.Hour)
	for range 2 { // first from the cache, then from the parser
		if _, err := verifier.Verify(token); !errors.Is(err, ErrExpired) {
			t.Fatalf("got error %v, want ErrExpired", err)
		}
	}
}

func TestServiceTokenIsNotAPlayers(t *testing.T) {
	signer, verifier, _ := newPair(t)
	token, _, err := signer.Service("tournaments", start, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	who, err := verifier.Verify(token)
	if err != nil || who.PlayerID != "" || who.Service != "tournaments" || who.Actor() != schemas.ActorService {
		t.Fatalf("got %+v, want service tournaments: %v", who, err)
	}
}

func TestVerifyRejectsInvalidTokens(t *testing.T) {
	signer, verifier, _ := newPair(t)
	otherSigner, _, _ := newPair(t)
	foreign, _, _ := otherSigner.Player(schemas.NewID(), start, time.Hour)
	noUUID, _, _ := signer.Player("admin", start, time.Hour)
	good, _, _ := signer.Player(schemas.NewID(), start, time.Hour)
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty":               "",
		"not a token":         "abc",
		"another key":         foreign,
		"subject not a UUID":  noUUID,
		"changed payload":     parts[0] + "." + parts[1] + "x." + parts[2],
		"no signature":        parts[0] + "." + parts[1] + ".",
		"algorithm none":      "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + ".",
		"very long":           strings.Repeat("a", 1<<20),
		"not UTF-8":           "\xff\xfe.\xff.\xff",
		"signature truncated": good[:len(good)-4],
	} {
		if _, err := verifier.Verify(token); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got error %v, want ErrInvalid", name, err)
		}
	}
}

func TestConcurrentLoadOrCreateKeyReturnsOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.pem")
	var wg sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys {
		wg.Go(func() {
			key, err := LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(key)
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Fatal("got two different keys")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file is %v, want mode 0600: %v", info, err)
	}
}

func TestParseKeyRejectsOtherFiles(t *testing.T) {
	for _, text := range []string{"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"} {
		if _, _, err := ParseKey([]byte(text)); err == nil {
			t.Errorf("ParseKey accepted %q", text)
		}
	}
}

func FuzzVerify(f *testing.F) {
	signer, verifier, _ := newPair(f)
	good, _, _ := signer.Player(schemas.NewID(), start, time.Hour)
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		who, err := verifier.Verify(token)
		if err == nil && token != good {
			t.Fatalf("%q is valid for %+v", token, who)
		}
	})
}
