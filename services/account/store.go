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
	// ReadAt is when the row was read, by the clock of the database, or a later time from
	// which on tokens of the account are valid. Tokens are issued as of it.
	ReadAt time.Time
}

var (
	errNoAccount   = errors.New("no such account")
	errHandleTaken = errors.New("the handle is taken")
	errEmailTaken  = errors.New("the e-mail address is taken")
	// errPlayersUnread says that this process does not know yet which handles the log knows.
	errPlayersUnread = errors.New("the players are still being read; try again later")
	errWrongCode     = errors.New("the handle or the code is wrong, or the code has expired")

	errStale = errors.New("the account has changed since it was read")
)

// store reads and writes accounts in PostgreSQL.
type store struct {
	pool    *pgxpool.Pool
	breaker postgres.Breaker
}

const selectAccount = `SELECT id::text, handle, coalesce(email, ''), password_hash, region, country, revision, created_at, closed_at IS NOT NULL,
	greatest(clock_timestamp(), sessions_not_before) FROM accounts `

func (s store) one(ctx context.Context, where string, args ...any) (account, error) {
	var a account
	err := s.breaker.Do(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, selectAccount+where, args...).
			Scan(&a.ID, &a.Handle, &a.Email, &a.PasswordHash, &a.Region, &a.Country, &a.Revision, &a.CreatedAt, &a.Closed, &a.ReadAt)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return account{}, errNoAccount
	case err != nil:
		return account{}, fmt.Errorf("read account: %w", err)
	}
	return a, nil
}

// Check returns an error if the database does not answer, or lacks the tables: one that
// was not migrated, or that a dump was not restored into.
func (s store) Check(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `SELECT FROM accounts, outbox LIMIT 0`)
	if err != nil {
		return fmt.Errorf("look for the tables of accounts: %w", err)
	}
	return nil
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

// Create inserts the account, whose revision must be 1, enqueues RegisterPlayer, and
// returns the account as it is then.
func (s store) Create(ctx context.Context, a account) (account, error) {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `
			INSERT INTO accounts (id, handle, handle_lower, email, email_lower, password_hash, region, country, revision, created_at)
			VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6, $7, $8, $9, $10) RETURNING clock_timestamp()`,
			a.ID, a.Handle, strings.ToLower(a.Handle), a.Email, strings.ToLower(a.Email), a.PasswordHash, a.Region, a.Country, a.Revision, a.CreatedAt,
		).Scan(&a.ReadAt); err != nil {
			return err
		}
		return enqueue(ctx, tx, a, schemas.RegisterPlayer, &schemas.RegisterPlayerPayload{Handle: a.Handle, Country: a.Country})
	})
	return a, writeError("insert account", err)
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
	return enqueueCommand(ctx, tx, a, schemas.DerivedID(a.ID, "account", a.Revision), command, payload)
}

func enqueueCommand(ctx context.Context, tx pgx.Tx, a account, id string, command schemas.CommandType, payload any) error {
	r := schemas.Command{
		ID: id, Type: command, Key: a.ID,
		Region: a.Region, Actor: schemas.ActorSystem, Payload: payload,
	}.Record()
	_, err := tx.Exec(ctx, `INSERT INTO outbox (topic, key, type, region, value) VALUES ($1, $2, $3, $4, $5)`,
		r.Topic, r.Key, r.Type, r.Region, r.Value)
	return err
}

func writeError(doing string, err error) error {
	if err == nil || errors.Is(err, errStale) || errors.Is(err, errWrongCode) {
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
