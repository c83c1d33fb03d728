package recovery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/internal/postgres"
	"tabiya/schemas"
	"tabiya/tables"
)

// batch is how many accounts one statement writes.
const batch = 500

// Restored counts accounts.
type Restored struct {
	Created  int      // that the database lacked: without e-mail and password
	Updated  int      // that were older than their player, or closed since
	Locked   int      // whose password was taken away, since all sessions have ended since
	Conflict []string // handles that another account has
}

// Restore makes the accounts of all players in the log as new as their players. It
// changes nothing in a database that is not older than the log, and may be repeated.
func Restore(ctx context.Context, pool *pgxpool.Pool, cfg kafka.Config) (Restored, error) {
	known, err := knownPlayers(ctx, cfg)
	if err != nil {
		return Restored{}, err
	}
	var total Restored
	for len(known) > 0 {
		n := min(batch, len(known))
		if err := restore(ctx, pool, known[:n], &total); err != nil {
			return total, fmt.Errorf("restore accounts: %w", postgres.Unavailable(err))
		}
		known = known[n:]
	}
	return total, nil
}

// known is what the log says of a player.
type known struct {
	*player.State
	registered schemas.Time
	notBefore  schemas.Time // when all sessions were last ended; 0: never
}

// knownPlayers reads all players: the table has their present state, and the events when
// they registered and ended their sessions.
func knownPlayers(ctx context.Context, cfg kafka.Config) ([]known, error) {
	registered, notBefore := make(map[string]schemas.Time), make(map[string]schemas.Time)
	err := kafka.ReadAll(ctx, cfg, schemas.PlayerEvents, func(r *kgo.Record) error {
		switch schemas.EventType(kafka.Header(r, schemas.HeaderType)) {
		case schemas.PlayerRegistered, schemas.SessionsEnded:
		default: // most are of rated games
			return nil
		}
		ev, err := schemas.DecodeEvent(r.Value)
		if err != nil {
			return nil //nolint:nilerr // not an event: it says nothing of a player
		}
		if p, ok := ev.Payload.(*schemas.SessionsEndedPayload); ok {
			notBefore[ev.Key] = max(notBefore[ev.Key], p.NotBefore)
		} else {
			registered[ev.Key] = ev.OccurredAt
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", schemas.PlayerEvents, err)
	}
	view := tables.NewView(cfg, tables.Players(), nil)
	if err := view.ReadOnce(ctx); err != nil {
		return nil, err
	}
	var all []known
	view.Range(func(id string, row *player.State) bool {
		if schemas.ValidID(id) && row.Handle != "" {
			all = append(all, known{row, registered[id], notBefore[id]})
		}
		return true
	})
	return all, nil
}

const (
	fromPlayers = ` FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[], $8::boolean[])
		AS p (id, handle, region, country, revision, created_at, not_before, closed) `

	insertMissing = `INSERT INTO accounts (id, handle, handle_lower, password_hash, region, country, revision, created_at, closed_at, sessions_not_before)
		SELECT id, handle, lower(handle), '', region, country, revision, coalesce(created_at, now()), CASE WHEN closed THEN now() END, not_before` +
		fromPlayers + `ON CONFLICT DO NOTHING`

	updateOlder = `UPDATE accounts a SET region = p.region, country = p.country, revision = p.revision,
			closed_at = CASE WHEN p.closed THEN now() END,
			email = CASE WHEN NOT p.closed THEN a.email END, email_lower = CASE WHEN NOT p.closed THEN a.email_lower END,
			password_hash = CASE WHEN p.closed THEN '' ELSE a.password_hash END` +
		fromPlayers + `WHERE a.id = p.id AND a.closed_at IS NULL AND (a.revision < p.revision OR p.closed)`

	// The password in the dump may be the one that was changed, and its code one that was used.
	lockEnded = `WITH locked AS (UPDATE accounts a SET sessions_not_before = p.not_before, password_hash = ''` +
		fromPlayers + `WHERE a.id = p.id AND p.not_before > coalesce(a.sessions_not_before, '-infinity') AND a.closed_at IS NULL RETURNING a.id),
		dropped AS (DELETE FROM account_codes WHERE account_id IN (SELECT id FROM locked))
		SELECT id FROM locked`

	selectConflicts = `SELECT p.handle` + fromPlayers + `WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = p.id)`
)

func restore(ctx context.Context, pool *pgxpool.Pool, players []known, total *Restored) error {
	args := argsOf(players)
	for _, step := range []struct {
		statement string
		count     *int
	}{{insertMissing, &total.Created}, {updateOlder, &total.Updated}, {lockEnded, &total.Locked}} {
		tag, err := pool.Exec(ctx, step.statement, args...)
		if err != nil {
			return err
		}
		*step.count += int(tag.RowsAffected())
	}
	rows, err := pool.Query(ctx, selectConflicts, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var handle string
		if err := rows.Scan(&handle); err != nil {
			return err
		}
		total.Conflict = append(total.Conflict, handle)
	}
	return rows.Err()
}

// argsOf returns the parameters of fromPlayers.
func argsOf(players []known) []any {
	n := len(players)
	ids, handles, regions, countries := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	revisions, closed := make([]int64, n), make([]bool, n)
	created, notBefore := make([]*time.Time, n), make([]*time.Time, n)
	for i, p := range players {
		ids[i], handles[i], regions[i], countries[i] = p.ID, strings.Clone(p.Handle), p.Region, p.Country
		revisions[i], closed[i] = p.Revision, p.Closed
		created[i], notBefore[i] = timeOrNull(p.registered), timeOrNull(p.notBefore)
	}
	return []any{ids, handles, regions, countries, revisions, created, notBefore, closed}
}

func timeOrNull(t schemas.Time) *time.Time {
	if t == 0 {
		return nil
	}
	at := t.Std()
	return &at
}
