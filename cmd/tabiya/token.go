package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"time"

	"tabiya/internal/auth"
)

type tokenCmd struct {
	Key     tokenKeyCmd     `cmd:"" help:"Make the signing key, if it is not there yet, and write its public half."`
	Service tokenServiceCmd `cmd:"" help:"Print a service token: it may create games."`
}

type tokenKeyCmd struct {
	Key    string `required:"" placeholder:"FILE" help:"The signing key, PEM. The account service alone needs it."`
	Public string `placeholder:"FILE" help:"Where to write the public key, PEM: what every other service needs."`
}

func (c tokenKeyCmd) Run() error {
	key, err := auth.LoadOrCreateKey(c.Key)
	if err != nil {
		return err
	}
	public, err := auth.EncodePublic(key.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	if c.Public == "" {
		_, err = os.Stdout.Write(public)
		return err
	}
	if err := os.WriteFile(c.Public, public, 0o644); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	return nil
}

type tokenServiceCmd struct {
	Key  string        `required:"" placeholder:"FILE" help:"The signing key, PEM."`
	Name string        `default:"operator" help:"Who will use it, for the logs."`
	Ttl  time.Duration `default:"8760h" help:"How long it is good."`
}

func (c tokenServiceCmd) Run() error {
	private, _, err := readKey(c.Key)
	if err != nil {
		return err
	}
	if private == nil {
		return errors.New("a public key cannot sign: --key needs the signing key")
	}
	token, _, err := auth.NewSigner(private).Service(c.Name, time.Now(), c.Ttl)
	if err != nil {
		return err
	}
	_, err = fmt.Println(token)
	return err
}

// readKey reads a PEM file; private is nil if it holds a public key.
func readKey(path string) (ed25519.PrivateKey, ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read key: %w", err)
	}
	private, public, err := auth.ParseKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return private, public, nil
}
