package postgres

import (
	"context"
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
