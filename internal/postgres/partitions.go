package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// EnsurePartitions creates the month partitions (UTC) of games and player_games that
// cover from to to, both inclusive, if they are missing. Any number of callers may run
// at the same time. There is no default partition: an insert into a month without a
// partition fails. So a writer calls this for the months of its batch before it begins
// its transaction.
func EnsurePartitions(ctx context.Context, pool *pgxpool.Pool, from, to time.Time) error {
	if _, err := pool.Exec(ctx, "SELECT ensure_month_partitions($1, $2)", from, to); err != nil {
		return fmt.Errorf("create partitions from %s to %s: %w", from.UTC().Format("2006-01"), to.UTC().Format("2006-01"), Unavailable(err))
	}
	return nil
}

// ErrCannotPartition means that the role may not create the partitions of a month.
var ErrCannotPartition = errors.New("the role cannot create partitions: it needs CREATE on the schema and must own games and player_games, or be a member of their owner")

// CheckPartitionRights returns ErrCannotPartition if EnsurePartitions could not create a
// month's partitions. Without this a sink whose role lacks the rights works until the
// months end that somebody else has made.
func CheckPartitionRights(ctx context.Context, pool *pgxpool.Pool) error {
	var may bool
	err := pool.QueryRow(ctx, `
		SELECT bool_and(has_schema_privilege(n.oid, 'CREATE') AND pg_has_role(c.relowner, 'USAGE')) IS TRUE
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid IN (to_regclass('games'), to_regclass('player_games'))`).Scan(&may)
	switch {
	case err != nil:
		return fmt.Errorf("look for the right to create partitions: %w", Unavailable(err))
	case !may:
		return ErrCannotPartition
	}
	return nil
}
