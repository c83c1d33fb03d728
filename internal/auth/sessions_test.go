package auth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tabiya/schemas"
)

func verifies(t *testing.T, v *Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(token); !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestTokensIssuedBeforeNotBeforeAreEnded(t *testing.T) {
	t.Parallel()
	signer, v, _ := newPair(t)
	id, other := schemas.NewID(), schemas.NewID()
	before, _, _ := signer.Player(id, start, time.Hour)
	after, _, _ := signer.Player(id, start.Add(2*time.Millisecond), time.Hour) // in the same second
	others, _, _ := signer.Player(other, start, time.Hour)
	verifies(t, v, before, nil) // and is in the cache
	v.Sessions.Apply(id, &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(start) + 1}, schemas.TimeOf(start))
	verifies(t, v, before, ErrEnded)
	verifies(t, v, after, nil)
	verifies(t, v, others, nil)
	v.Sessions.Apply(id, &schemas.SessionsEndedPayload{NotBefore: 1}, schemas.TimeOf(start)) // an older one comes again
	verifies(t, v, before, ErrEnded)
	v.Sessions.Apply(other, &schemas.PlayerClosedPayload{}, schemas.TimeOf(start))
	verifies(t, v, others, ErrEnded)
}

func TestSignedOutTokenEndsAlone(t *testing.T) {
	t.Parallel()
	signer, v, _ := newPair(t)
	id := schemas.NewID()
	one, _, _ := signer.Player(id, start, time.Hour)
	two, _, _ := signer.Player(id, start, time.Hour)
	who, err := v.Verify(one)
	if err != nil {
		t.Fatal(err)
	}
	v.Sessions.Apply(id, &schemas.SessionsEndedPayload{TokenID: who.Session.ID, IssuedAt: who.Session.IssuedAt}, schemas.TimeOf(start))
	verifies(t, v, one, ErrEnded)
	verifies(t, v, two, nil)
}

// A player who signs out again and again fills no memory, and revives no token.
func TestManySignOutsRememberedInBoundedMemory(t *testing.T) {
	t.Parallel()
	signer, v, _ := newPair(t)
	id := schemas.NewID()
	var tokens []string
	for i := range 5 * maxEndedTokens {
		issued := start.Add(time.Duration(i) * time.Millisecond)
		token, _, _ := signer.Player(id, issued, time.Hour)
		who, err := v.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
		v.Sessions.Apply(id, &schemas.SessionsEndedPayload{TokenID: who.Session.ID, IssuedAt: who.Session.IssuedAt}, schemas.TimeOf(issued))
	}
	for _, token := range tokens {
		verifies(t, v, token, ErrEnded)
	}
	if n := len(v.Sessions.players[id].tokens); n > maxEndedTokens {
		t.Errorf("%d ended tokens are remembered", n)
	}
	if n := v.Sessions.Forget(start.Add(Remembered / 2)); n != 1 {
		t.Errorf("half a life later, %d players are remembered", n)
	}
	if n := v.Sessions.Forget(start.Add(Remembered + time.Minute)); n != 0 {
		t.Errorf("a life later, %d players are remembered", n)
	}
}

func TestWatchCalledOnceWhenSessionEnds(t *testing.T) {
	t.Parallel()
	signer, v, _ := newPair(t)
	id := schemas.NewID()
	token, _, _ := signer.Player(id, start, time.Hour)
	who, err := v.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	calls, stopped := 0, 0
	v.Watch(who, func() { calls++ })
	stop := v.Watch(who, func() { stopped++ })
	stop()
	for range 2 {
		v.Sessions.Apply(id, &schemas.PlayerClosedPayload{}, schemas.TimeOf(start))
	}
	if v.Watch(who, func() { calls++ }); calls != 2 || stopped != 0 {
		t.Errorf("called %d times, want once at the end and once for a watch after it; a stopped watch %d times", calls, stopped)
	}
	if len(v.Sessions.watches) != 0 {
		t.Error("watches of ended sessions are kept")
	}
}

func TestPlayersRefusedUntilSessionsAreLoaded(t *testing.T) {
	t.Parallel()
	signer, v, _ := newPair(t)
	player, _, _ := signer.Player(schemas.NewID(), start, time.Hour)
	service, _, _ := signer.Service("x", start, time.Hour)
	v.Sessions.BeginLoading()
	verifies(t, v, player, ErrLoading)
	verifies(t, v, service, nil)
	v.Sessions.Loaded()
	verifies(t, v, player, nil)
}

// folder writes public keys under their file names.
func folder(t *testing.T, keys map[string]ed25519.PrivateKey) Keys {
	t.Helper()
	dir := t.TempDir()
	for name, key := range keys {
		text, err := EncodePublic(key.Public().(ed25519.PublicKey))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read, err := ReadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The steps of a rotation as the README has them.
func TestKeyRotatesWithoutSigningAnybodyOut(t *testing.T) {
	t.Parallel()
	old, next := newKey(t), newKey(t)
	v := NewVerifierOf(folder(t, map[string]ed25519.PrivateKey{"player-1.pem": old}), func() time.Time { return start })
	before, _, _ := NewSigner(old).Player(schemas.NewID(), start, time.Hour)
	after, _, _ := NewSigner(next).Player(schemas.NewID(), start, time.Hour)
	verifies(t, v, before, nil)
	verifies(t, v, after, ErrInvalid)
	v.SetKeys(folder(t, map[string]ed25519.PrivateKey{"player-1.pem": old, "player-2.pem": next}))
	verifies(t, v, before, nil)
	verifies(t, v, after, nil)
	v.SetKeys(folder(t, map[string]ed25519.PrivateKey{"player-2.pem": next}))
	verifies(t, v, before, ErrInvalid)
	verifies(t, v, after, nil)
}

func TestRemovingAServicesKeyRevokesItsTokens(t *testing.T) {
	t.Parallel()
	players, first, second := newKey(t), newKey(t), newKey(t)
	all := map[string]ed25519.PrivateKey{"player-1.pem": players, "service-a.pem": first, "service-b.pem": second}
	v := NewVerifierOf(folder(t, all), func() time.Time { return start })
	a, _, _ := NewSigner(first).Service("a", start, time.Hour)
	b, _, _ := NewSigner(second).Service("b", start, time.Hour)
	player, _, _ := NewSigner(players).Player(schemas.NewID(), start, time.Hour)
	who, err := v.Verify(a)
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	v.Watch(who, func() { ended = true })
	delete(all, "service-a.pem")
	v.SetKeys(folder(t, all))
	verifies(t, v, a, ErrInvalid)
	verifies(t, v, b, nil)
	verifies(t, v, player, nil)
	if !ended {
		t.Error("streams of the revoked token go on")
	}
}

func TestKeyOfOneKindSignsNoTokensOfTheOther(t *testing.T) {
	t.Parallel()
	players, services := newKey(t), newKey(t)
	v := NewVerifierOf(folder(t, map[string]ed25519.PrivateKey{"player-1.pem": players, "service-a.pem": services}), func() time.Time { return start })
	forged, _, _ := NewSigner(players).Service("a", start, time.Hour)
	posing, _, _ := NewSigner(services).Player(schemas.NewID(), start, time.Hour)
	verifies(t, v, forged, ErrInvalid)
	verifies(t, v, posing, ErrInvalid)
}

func TestTokenOfEarlierReleaseWithoutKidIsValid(t *testing.T) {
	t.Parallel()
	old, next := newKey(t), newKey(t)
	v := NewVerifierOf(folder(t, map[string]ed25519.PrivateKey{"player-1.pem": old, "player-2.pem": next}), func() time.Time { return start })
	id := schemas.NewID()
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuer, "sub": id, "kind": kindPlayer, "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(), "jti": schemas.NewID(),
	}).SignedString(old)
	if err != nil {
		t.Fatal(err)
	}
	who, err := v.Verify(token)
	if err != nil || who.PlayerID != id || who.Session.IssuedAt != schemas.TimeOf(start) {
		t.Fatalf("%+v: %v", who, err)
	}
	v.Sessions.Apply(id, &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(start) + 1}, schemas.TimeOf(start))
	verifies(t, v, token, ErrEnded)
}

func TestReadKeysRefusesAFolderThatCannotBeRight(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"none": "", "no key": "hello"} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, "player-1.pem"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if keys, err := ReadKeys(dir); err == nil {
			t.Errorf("%s: %v", name, keys)
		}
	}
	if _, err := ReadKeys(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing folder is read")
	}
}

func BenchmarkVerifyWithEndedSessions(b *testing.B) {
	signer, v, _ := newPair(b)
	for i := range 10_000 {
		v.Sessions.Apply(fmt.Sprint(i), &schemas.PlayerClosedPayload{}, schemas.TimeOf(start))
	}
	token, _, _ := signer.Player(schemas.NewID(), start, time.Hour)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := v.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
