package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/eventually"
	"tabiya/schemas"
)

func publish(t *testing.T, path string) ed25519.PrivateKey {
	t.Helper()
	key, err := auth.GenerateKey()
	if err == nil {
		err = writePublic(path, key.Public().(ed25519.PublicKey))
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRemovedKeyFileRevokesServiceTokenWithoutRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	players := publish(t, filepath.Join(dir, "player-1.pem"))
	services := publish(t, filepath.Join(dir, "service-1.pem"))
	keys, err := auth.ReadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	v := auth.NewVerifierOf(keys, time.Now)
	n := newNode(slog.New(slog.DiscardHandler))
	n.watchKeys(dir, keys, v)
	end := startInBackground(t.Context(), func(ctx context.Context) { _ = n.services[0].Run(ctx) })
	t.Cleanup(func() { <-end() })

	service, _, err := auth.NewSigner(services).Service("x", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	player, _, err := auth.NewSigner(players).Player(schemas.NewID(), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(service); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "service-1.pem")); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the service token is revoked", func() bool {
		_, err := v.Verify(service)
		return errors.Is(err, auth.ErrInvalid)
	})
	next := publish(t, filepath.Join(dir, "player-2.pem"))
	fresh, _, err := auth.NewSigner(next).Player(schemas.NewID(), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	eventually.NoError(t, "a token of the added key", func() error { _, err := v.Verify(fresh); return err })
	if _, err := v.Verify(player); err != nil {
		t.Errorf("the player of the old key is signed out: %v", err)
	}
}

// The data folder of an earlier state has a signing key alone; a removed one is rotated.
func TestUpKeepsOldPublicKeyWhenSigningKeyIsReplaced(t *testing.T) {
	t.Parallel()
	c := upCmd{Data: t.TempDir()}
	var deps dependencies
	if _, err := c.ownKeys(&deps); err != nil {
		t.Fatal(err)
	}
	old, _, err := auth.NewSigner(deps.private).Player(schemas.NewID(), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.Data, "signing-key.pem")); err != nil {
		t.Fatal(err)
	}
	service, err := c.ownKeys(&deps)
	if err != nil {
		t.Fatal(err)
	}
	v := auth.NewVerifierOf(deps.keys, time.Now)
	if _, err := v.Verify(old); err != nil || len(deps.keys) != 3 {
		t.Errorf("with %d keys: %v", len(deps.keys), err)
	}
	token, _, err := auth.NewSigner(service).Service("up", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := v.Verify(token); err != nil || who.Service != "up" {
		t.Errorf("%+v: %v", who, err)
	}
}

func TestAccountServiceRefusesSigningKeyThatNobodyKnows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	publish(t, filepath.Join(keys, "player-1.pem"))
	if _, err := auth.LoadOrCreateKey(filepath.Join(dir, "signing.pem")); err != nil {
		t.Fatal(err)
	}
	f := keyFlags{Key: filepath.Join(dir, "signing.pem"), Keys: keys}
	if err := f.read(&dependencies{}); err == nil {
		t.Error("it starts")
	}
}
