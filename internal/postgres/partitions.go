package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// EnsurePartitions makes the month partitions (UTC) of games and player_games
// that cover from..to, both included; those that are there cost one look-up
// each. Any number of callers may do so at once. There is no default partition:
// a row of a month that nobody made is refused, not hidden, so a writer calls
// this for the months of its batch before it begins its transaction.
func EnsurePartitions(ctx context.Context, pool *pgxpool.Pool, from, to time.Time) error {
	if _, err := pool.Exec(ctx, "SELECT ensure_month_partitions($1, $2)", from, to); err != nil {
		return fmt.Errorf("make partitions from %s to %s: %w", from.UTC().Format("2006-01"), to.UTC().Format("2006-01"), Unavailable(err))
	}
	return nil
}
