package account

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/schemas"
	"tabiya/services/account/recovery"
)

// nextNotBefore is the SQL of a time from which on tokens are valid, when those issued
// until now are to end. It lies some seconds ahead, for a sign-in that reads the account
// after this statement and before its commit; new tokens are issued as of it.
const nextNotBefore = `greatest(date_trunc('milliseconds', clock_timestamp()) + interval '5 seconds', sessions_not_before + interval '1 millisecond')`

// updated says what a change is about.
type updated struct {
	public   bool   // what other players can see
	password bool   // ends the account's sessions and voids its code
	code     string // "" unless the change is made with a code, which is then used up
}

// Update stores the account, and enqueues UpdatePlayer and EndSessions as the change
// needs. notBefore is zero unless sessions have ended. Returns errStale unless the stored
// revision is one less than a's.
func (s store) Update(ctx context.Context, a account, what updated) (notBefore time.Time, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if what.code != "" {
			if ok, err := recovery.UseCode(ctx, tx, a.ID, what.code); err != nil || !ok {
				return cmp.Or(err, errWrongCode)
			}
		} else if what.password {
			if err := recovery.DropCode(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		var next *time.Time
		err := tx.QueryRow(ctx, `
			UPDATE accounts SET email = nullif($2, ''), email_lower = nullif($3, ''), password_hash = $4, region = $5, country = $6, revision = $7,
				sessions_not_before = CASE WHEN $8 THEN `+nextNotBefore+` ELSE sessions_not_before END
			WHERE id = $1 AND revision = $7 - 1 AND closed_at IS NULL
			RETURNING CASE WHEN $8 THEN sessions_not_before END`,
			a.ID, a.Email, strings.ToLower(a.Email), a.PasswordHash, a.Region, a.Country, a.Revision, what.password,
		).Scan(&next)
		if errors.Is(err, pgx.ErrNoRows) {
			return errStale
		}
		if err == nil && what.public {
			err = enqueue(ctx, tx, a, schemas.UpdatePlayer,
				&schemas.UpdatePlayerPayload{Handle: a.Handle, Country: a.Country, Revision: a.Revision})
		}
		if err == nil && next != nil {
			notBefore = *next
			err = enqueueEnd(ctx, tx, a, notBefore)
		}
		return err
	})
	return notBefore, writeError("update account", err)
}

// EndSessions ends all sessions of the account and returns from when on tokens are valid.
func (s store) EndSessions(ctx context.Context, a account) (notBefore time.Time, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE accounts SET sessions_not_before = `+nextNotBefore+`
			WHERE id = $1 AND closed_at IS NULL RETURNING sessions_not_before`, a.ID).Scan(&notBefore)
		if errors.Is(err, pgx.ErrNoRows) {
			return errStale
		}
		if err != nil {
			return err
		}
		return enqueueEnd(ctx, tx, a, notBefore)
	})
	return notBefore, writeError("end sessions", err)
}

// EndSession ends the session of one token.
func (s store) EndSession(ctx context.Context, a account, tokenID string, issuedAt schemas.Time) error {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return enqueueCommand(ctx, tx, a, schemas.DerivedID(a.ID, "session/"+tokenID, 1), schemas.EndSessions,
			&schemas.EndSessionsPayload{TokenID: tokenID, IssuedAt: issuedAt})
	})
	return writeError("end session", err)
}

// enqueueEnd enqueues EndSessions. No two ends of an account have the same time.
func enqueueEnd(ctx context.Context, tx pgx.Tx, a account, notBefore time.Time) error {
	return enqueueCommand(ctx, tx, a, schemas.DerivedID(a.ID, "sessions", notBefore.UnixMilli()), schemas.EndSessions,
		&schemas.EndSessionsPayload{NotBefore: schemas.TimeOf(notBefore)})
}

// Close erases e-mail, password and code, and enqueues ClosePlayer. Returns errStale
// unless the stored revision is one less than a's.
func (s store) Close(ctx context.Context, a account) error {
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := recovery.DropCode(ctx, tx, a.ID); err != nil {
			return err
		}
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
