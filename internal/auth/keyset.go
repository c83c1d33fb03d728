package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Key is a public key and what the tokens that it verifies may be for.
type Key struct {
	Public            ed25519.PublicKey
	Players, Services bool
}

// Keys are the keys that tokens are verified with, by their KeyID.
type Keys map[string]Key

// SingleKey returns a set whose one key verifies the tokens of players and services.
func SingleKey(public ed25519.PublicKey) Keys {
	return Keys{KeyID(public): {public, true, true}}
}

// KeyID returns the id of a key, which tokens carry as kid: its JWK thumbprint
// (RFC 7638, RFC 8037 A.3).
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	keyFileSuffix = ".pem"
	// servicePrefix begins the name of the file of a key whose tokens are for services.
	servicePrefix = "service"
	maxKeyFile    = 16 << 10
)

// ReadKeys reads the keys of a folder, one in each file *.pem. Keys in files whose name
// begins with "service" verify the tokens of services, all others those of players.
// Returns an error if a file cannot be read or if there is none.
func ReadKeys(dir string) (Keys, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys := make(Keys)
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasSuffix(entry.Name(), keyFileSuffix) || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		public, err := readPublic(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		id, ofService := KeyID(public), strings.HasPrefix(entry.Name(), servicePrefix)
		key := keys[id]
		keys[id] = Key{public, key.Players || !ofService, key.Services || ofService}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("read keys: there is no file *%s in %s", keyFileSuffix, dir)
	}
	return keys, nil
}

func readPublic(path string) (ed25519.PublicKey, error) {
	if info, err := os.Stat(path); err != nil || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("read key %s: %w", path, errors.Join(err, errors.New("it is no file of a key")))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	_, public, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return public, nil
}
