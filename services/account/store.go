package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres"
	"tabiya/schemas"
)

// account is one row of accounts.
type account struct {
	ID           string
	Handle       string
	Email        string // empty: none
	PasswordHash string // empty: closed
	Region       string
	Country      string // empty: none
	Revision     int64
	CreatedAt    time.Time
	Closed       bool
}

var (
	errNoAccount   = errors.New("no such account")
	errHandleTaken = errors.New("the handle is taken")
	errEmailTaken  = errors.New("the e-mail address is taken")
	errStale       = errors.New("the account has changed since it was read")
)

// store reads and writes accounts in PostgreSQL.
type store struct {
	pool    *pgxpool.Pool
	breaker postgres.Breaker
}

const selectAccount = `SELECT id::text, handle, coalesce(email, ''), password_hash, region, country, revision, created_at, closed_at IS NOT NULL FROM accounts `

func (s store) one(ctx context.Context, where string, args ...any) (account, error) {
	var a account
	err := s.breaker.Do(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, selectAccount+where, args...).
			Scan(&a.ID, &a.Handle, &a.Email, &a.PasswordHash, &a.Region, &a.Country, &a.Revision, &a.CreatedAt, &a.Closed)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return account{}, errNoAccount
	case err != nil:
		return account{}, fmt.Errorf("read account: %w", err)
	}
	return a, nil
}

func (s store) ByID(ctx context.Context, id string) (account, error) {
	return s.one(ctx, "WHERE id = $1", id)
}

func (s store) ByHandle(ctx context.Context, handle string) (account, error) {
	return s.one(ctx, "WHERE handle_lower = $1", strings.ToLower(handle))
}

func (s store) ByEmail(ctx context.Context, email string) (account, error) {
	return s.one(ctx, "WHERE email_lower = $1", strings.ToLower(email))
}

// transact runs fn in a transaction.
func (s store) transact(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return s.breaker.Do(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return fn(ctx, tx) })
	})
}

// Create inserts the account, whose revision must be 1, and enqueues
// RegisterPlayer.
func (s store) Create(ctx context.Context, a account) error {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO accounts (id, handle, handle_lower, email, email_lower, password_hash, region, country, revision, created_at)
			VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6, $7, $8, $9, $10)`,
			a.ID, a.Handle, strings.ToLower(a.Handle), a.Email, strings.ToLower(a.Email), a.PasswordHash, a.Region, a.Country, a.Revision, a.CreatedAt,
		); err != nil {
			return err
		}
		return enqueue(ctx, tx, a, schemas.RegisterPlayer, &schemas.RegisterPlayerPayload{Handle: a.Handle, Country: a.Country})
	})
	return writeError("insert account", err)
}

// Update stores the account and, if its public part has changed, enqueues
// UpdatePlayer. Returns errStale unless the stored revision is one less than a's.
func (s store) Update(ctx context.Context, a account, public bool) error {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := mustChange(tx.Exec(ctx, `
			UPDATE accounts SET email = nullif($2, ''), email_lower = nullif($3, ''), password_hash = $4, region = $5, country = $6, revision = $7
			WHERE id = $1 AND revision = $7 - 1 AND closed_at IS NULL`,
			a.ID, a.Email, strings.ToLower(a.Email), a.PasswordHash, a.Region, a.Country, a.Revision,
		)); err != nil || !public {
			return err
		}
		return enqueue(ctx, tx, a, schemas.UpdatePlayer,
			&schemas.UpdatePlayerPayload{Handle: a.Handle, Country: a.Country, Revision: a.Revision})
	})
	return writeError("update account", err)
}

// Close erases e-mail and password and enqueues ClosePlayer. Returns errStale
// unless the stored revision is one less than a's.
func (s store) Close(ctx context.Context, a account) error {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := mustChange(tx.Exec(ctx, `
			UPDATE accounts SET email = NULL, email_lower = NULL, password_hash = '', revision = $2, closed_at = now()
			WHERE id = $1 AND revision = $2 - 1 AND closed_at IS NULL`, a.ID, a.Revision,
		)); err != nil {
			return err
		}
		return enqueue(ctx, tx, a, schemas.ClosePlayer, nil)
	})
	return writeError("close account", err)
}

// mustChange returns errStale if a statement has changed no row.
func mustChange(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return errStale
	}
	return err
}

// enqueue adds a command to the outbox. The command's id is derived from the
// account's revision, so its consumers recognize a repeat.
func enqueue(ctx context.Context, tx pgx.Tx, a account, command schemas.CommandType, payload any) error {
	r := schemas.Command{
		ID: schemas.DerivedID(a.ID, "account", a.Revision), Type: command, Key: a.ID,
		Region: a.Region, Actor: schemas.ActorSystem, Payload: payload,
	}.Record()
	_, err := tx.Exec(ctx, `INSERT INTO outbox (topic, key, type, region, value) VALUES ($1, $2, $3, $4, $5)`,
		r.Topic, r.Key, r.Type, r.Region, r.Value)
	return err
}

func writeError(doing string, err error) error {
	if err == nil || errors.Is(err, errStale) {
		return err
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "23505" { // unique_violation
		if pgErr.ConstraintName == "accounts_email_lower_key" {
			return errEmailTaken
		}
		return errHandleTaken // or the id, which is derived from the handle; see create
	}
	return fmt.Errorf("%s: %w", doing, postgres.Unavailable(err))
}
