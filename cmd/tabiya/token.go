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
	Key     tokenKeyCmd     `cmd:"" help:"Create the signing key, if it does not exist yet, and write the public key."`
	Service tokenServiceCmd `cmd:"" help:"Print a service token, which may create games."`
}

type tokenKeyCmd struct {
	Key    string `required:"" placeholder:"FILE" help:"File of the signing key, PEM. Only who signs with it needs it: the account service, or the operator for service tokens."`
	Public string `placeholder:"FILE" help:"File to write the public key to, PEM, such as keys/player-2.pem or keys/service-tournaments.pem in the folder that all services get as --keys; default: standard output."`
}

func (c tokenKeyCmd) Run() error {
	key, err := auth.LoadOrCreateKey(c.Key)
	if err != nil {
		return err
	}
	public := key.Public().(ed25519.PublicKey)
	if c.Public != "" {
		return writePublic(c.Public, public)
	}
	text, err := auth.EncodePublic(public)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

type tokenServiceCmd struct {
	Key  string        `required:"" placeholder:"FILE" help:"File of the signing key, PEM: one whose public key is in a file service*.pem of --keys. Removing that file revokes the token."`
	Name string        `default:"operator" help:"Name of the token's user, for the logs."`
	Ttl  time.Duration `default:"720h" help:"How long the token is valid."`
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

// readKey reads a key from a PEM file. The private key is nil if the file holds a
// public key.
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
