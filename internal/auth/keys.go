// Package auth signs and verifies tokens: JWTs with Ed25519 signatures (RFC 8037).
// The account service holds the private key. Every other service verifies tokens with
// the public key and needs no call to do so.
package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	pemPrivate = "PRIVATE KEY" // PKCS #8
	pemPublic  = "PUBLIC KEY"  // PKIX
)

// GenerateKey returns a new signing key.
func GenerateKey() (ed25519.PrivateKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	return private, nil
}

// LoadOrCreateKey reads the PEM file at path. If there is none, it creates a key and
// writes it there, readable by the file's owner only. Several processes may call it at
// the same time: all return the same key.
func LoadOrCreateKey(path string) (ed25519.PrivateKey, error) {
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			private, _, err := ParseKey(text)
			if err != nil {
				return nil, fmt.Errorf("read signing key %s: %w", path, err)
			}
			if private == nil {
				return nil, fmt.Errorf("read signing key %s: it is a public key, which cannot sign", path)
			}
			return private, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read signing key: %w", err)
		}
		if err := createKey(path); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
	}
}

// createKey writes a temporary file and links it to path, so that no reader sees a
// partial key and the first of two writers wins. Returns os.ErrExist to the other.
func createKey(path string) error {
	private, err := GenerateKey()
	if err != nil {
		return err
	}
	text, err := EncodePrivate(private)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return fmt.Errorf("write signing key: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err := errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("write signing key: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return fmt.Errorf("write signing key: %w", err)
	}
	return nil
}

// EncodePrivate returns the key in PEM, as PKCS #8.
func EncodePrivate(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode signing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der}), nil
}

// EncodePublic returns the key in PEM, as PKIX.
func EncodePublic(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der}), nil
}

// ParseKey parses the text of a PEM file with an Ed25519 key. private is nil if the
// file holds a public key.
func ParseKey(text []byte) (private ed25519.PrivateKey, public ed25519.PublicKey, err error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, errors.New("not a PEM file")
	}
	var key any
	switch block.Type {
	case pemPrivate:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case pemPublic:
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("a PEM block of type %q is not a key", block.Type)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("parse key: %w", err)
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return k, k.Public().(ed25519.PublicKey), nil
	case ed25519.PublicKey:
		return nil, k, nil
	}
	return nil, nil, fmt.Errorf("the key is %T, not Ed25519", key)
}
