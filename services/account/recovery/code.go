// Package recovery brings accounts back after an older dump of the database was restored,
// from what the log says of their players, and issues codes with which a player sets a
// new password.
package recovery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres"
)

// ErrNoAccount says that no open account has the handle.
var ErrNoAccount = errors.New("no open account has this handle")

// MaxCodeLife is the longest time for which a code may be valid.
const MaxCodeLife = 7 * 24 * time.Hour

// IssueCode returns a new code for the account with that handle, and when it expires. It
// replaces an earlier code of the account.
func IssueCode(ctx context.Context, pool *pgxpool.Pool, handle string, life time.Duration) (code string, expires time.Time, err error) {
	if life <= 0 || life > MaxCodeLife {
		return "", time.Time{}, fmt.Errorf("a code may be valid for %v at most", MaxCodeLife)
	}
	code = rand.Text() // 130 bits: a fast hash of it is enough
	err = pool.QueryRow(ctx, `
		INSERT INTO account_codes (account_id, code_hash, expires_at)
		SELECT id, $2, now() + $3::interval FROM accounts WHERE handle_lower = $1 AND closed_at IS NULL
		ON CONFLICT (account_id) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at
		RETURNING expires_at`, strings.ToLower(handle), hash(code), life).Scan(&expires)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", time.Time{}, ErrNoAccount
	case err != nil:
		return "", time.Time{}, fmt.Errorf("store a code of %s: %w", handle, postgres.Unavailable(err))
	}
	return code, expires, nil
}

// Querier is a pool or a transaction.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// CodeMatches reports whether code is the valid code of the account.
func CodeMatches(ctx context.Context, q Querier, accountID, code string) (ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM account_codes WHERE account_id = $1 AND code_hash = $2 AND expires_at > now())`,
		accountID, hash(code)).Scan(&ok)
	return ok, err
}

// UseCode deletes the code, and reports whether it was the valid code of the account.
func UseCode(ctx context.Context, tx pgx.Tx, accountID, code string) (ok bool, err error) {
	tag, err := tx.Exec(ctx, `DELETE FROM account_codes WHERE account_id = $1 AND code_hash = $2 AND expires_at > now()`, accountID, hash(code))
	return tag.RowsAffected() == 1, err
}

// DropCode deletes the code of the account, if it has one. A code is for a forgotten
// password: a new password, by whatever way, or the end of the account voids it.
func DropCode(ctx context.Context, tx pgx.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_codes WHERE account_id = $1`, accountID)
	return err
}

// hash returns what is stored of a code. Case and spaces do not matter: people type it.
func hash(code string) []byte {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.TrimSpace(code))))
	return sum[:]
}
