package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/supervise"
)

// keyFlags name the keys that tokens are signed and verified with.
type keyFlags struct {
	Key  string `type:"path" placeholder:"FILE" help:"Key file, PEM: the signing key for the account service. Without --keys also the one key that tokens are verified with, for the other services the public one (see 'tabiya token key')."`
	Keys string `type:"path" placeholder:"DIR" help:"Folder of the keys that tokens are verified with, one public key in each file *.pem: of service tokens if its name begins with 'service', else of players'. Changes take effect within seconds."`
}

func (f keyFlags) read(deps *dependencies) (err error) {
	if f.Key == "" && f.Keys == "" {
		return errors.New("no key given: set --keys or TABIYA_KEYS, or --key or TABIYA_KEY")
	}
	if f.Key != "" {
		var public ed25519.PublicKey
		if deps.private, public, err = readKey(f.Key); err != nil {
			return err
		}
		deps.keys = auth.SingleKey(public)
	}
	if f.Keys == "" {
		return nil
	}
	deps.keysFolder = f.Keys
	if deps.keys, err = auth.ReadKeys(f.Keys); err != nil {
		return err
	}
	return checkSigner(deps.private, deps.keys, f.Keys)
}

// checkSigner returns an error if no service would accept the tokens that are signed with
// the private key, if there is one.
func checkSigner(private ed25519.PrivateKey, keys auth.Keys, folder string) error {
	if private == nil {
		return nil
	}
	if key := keys[auth.KeyID(private.Public().(ed25519.PublicKey))]; !key.Players {
		return fmt.Errorf("the public key of --key is not in %s: every service needs it there before the account service signs with it", folder)
	}
	return nil
}

// keysReadEvery is how often the folder of keys is read.
const keysReadEvery = 2 * time.Second

// watchKeys reads the folder of keys again and again, so that a key is rotated or revoked
// without a restart. While the folder cannot be read or has no key, the last keys stay.
func (n *node) watchKeys(folder string, keys auth.Keys, verifier *auth.Verifier) {
	if folder == "" {
		return
	}
	n.services = append(n.services, supervise.Part{Name: "keys", Run: func(ctx context.Context) error {
		tick := time.NewTicker(keysReadEvery)
		defer tick.Stop()
		failing := false
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			now, err := auth.ReadKeys(folder)
			if err != nil {
				if !failing {
					n.logger.Error("keys not read; the last ones stay", "err", err)
				}
				failing = true
				continue
			}
			if failing = false; !sameKeys(now, keys) {
				keys = now
				verifier.SetKeys(keys)
				n.logger.Info("keys changed", "kids", slices.Sorted(maps.Keys(keys)))
			}
		}
	}})
}

func sameKeys(a, b auth.Keys) bool {
	return maps.EqualFunc(a, b, func(x, y auth.Key) bool { return x.Players == y.Players && x.Services == y.Services })
}

// ownKeys are the keys of "tabiya up", in its data folder. A new signing key is made if the old
// one was removed; the public key of the old one stays in the folder of keys, so nobody is
// signed out.
func (c upCmd) ownKeys(deps *dependencies) (service ed25519.PrivateKey, err error) {
	deps.keysFolder = filepath.Join(c.Data, "keys")
	if err := os.MkdirAll(deps.keysFolder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of keys: %w", err)
	}
	if deps.private, err = loadAndPublish(filepath.Join(c.Data, "signing-key.pem"), deps.keysFolder, "player"); err != nil {
		return nil, err
	}
	if service, err = loadAndPublish(filepath.Join(c.Data, "service-key.pem"), deps.keysFolder, "service"); err != nil {
		return nil, err
	}
	deps.keys, err = auth.ReadKeys(deps.keysFolder)
	return service, err
}

// loadAndPublish reads or creates a signing key, and writes its public key to the folder
// if it is not there.
func loadAndPublish(path, folder, use string) (ed25519.PrivateKey, error) {
	key, err := auth.LoadOrCreateKey(path)
	if err != nil {
		return nil, err
	}
	public := key.Public().(ed25519.PublicKey)
	name := filepath.Join(folder, use+"-"+strings.TrimLeft(auth.KeyID(public), "-_")[:12]+".pem")
	if _, err := os.Stat(name); err == nil {
		return key, nil
	}
	return key, writePublic(name, public)
}

// writePublic replaces a file by a public key, so that no reader sees half of it.
func writePublic(path string, public ed25519.PublicKey) error {
	text, err := auth.EncodePublic(public)
	if err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, text, 0o644); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	return nil
}
