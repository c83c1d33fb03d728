package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tabiya/internal/postgres"
	"tabiya/services/account/recovery"
)

type accountsCmd struct {
	Restore accountsRestoreCmd `cmd:"" help:"After an older dump of the database was restored: make the accounts of all players in the log again, without e-mail and password. May be repeated."`
	Code    accountsCodeCmd    `cmd:"" help:"Print a code with which a player sets a new password, once: POST /v1/accounts/password."`
}

type accountsRestoreCmd struct {
	kafkaFlags
	postgresFlags
}

func (c accountsRestoreCmd) Run(ctx context.Context) error {
	cfg, err := c.kafkaFlags.config()
	if err != nil {
		return err
	}
	dsn, err := c.dsn()
	if err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, dsn); err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	restored, err := recovery.Restore(ctx, pool, cfg)
	return errors.Join(err, printRestored(os.Stdout, restored))
}

// printRestored returns an error if players are left without an account.
func printRestored(out io.Writer, r recovery.Restored) error {
	_, err := fmt.Fprintf(out, "created: %d accounts, without e-mail and password\nupdated: %d\npassword taken away: %d, since all their sessions have ended since the dump\n",
		r.Created, r.Updated, r.Locked)
	if len(r.Conflict) > 0 {
		err = errors.Join(err, fmt.Errorf("%d players have no account, since another account has their handle: %s", len(r.Conflict), strings.Join(r.Conflict, ", ")))
	}
	return err
}

type accountsCodeCmd struct {
	postgresFlags
	Handle  string        `arg:"" help:"The player's handle."`
	Expires time.Duration `default:"24h" help:"How long the code is valid, at most 168h."`
}

func (c accountsCodeCmd) Run(ctx context.Context) error {
	dsn, err := c.dsn()
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	code, expires, err := recovery.IssueCode(ctx, pool, c.Handle, c.Expires)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "valid once, until %s:\n", expires.UTC().Format(time.RFC3339))
	_, err = fmt.Println(code)
	return err
}
