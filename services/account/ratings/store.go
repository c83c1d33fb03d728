package ratings

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/schemas"
)

// leader is a row of a leaderboard.
type leader struct {
	PlayerID, Handle, Country string
	Rating, Deviation         float64
	Games                     int
	PlayedAt                  time.Time
}

// The leaders are literals in the query, since the index current_ratings_leaders is used
// only if its condition is in it.
const selectLeaders = `
SELECT r.player_id::text, a.handle, a.country, r.rating, r.deviation, r.games, r.rated_at
FROM current_ratings r JOIN accounts a ON a.id = r.player_id
WHERE r.speed = $1 AND r.deviation <= 75 AND r.games >= 30 AND r.rated_at >= $2 AND a.closed_at IS NULL
  AND r.rating <= $3 AND (r.rating < $3 OR r.player_id > $4)
ORDER BY r.rating DESC, r.player_id LIMIT $5`

// leaders reads up to n players of a leaderboard who have played since then, the best
// first, after the end of a page. asOf is when the latest rating of the speed that the
// database has was told; zero if there is none.
func (h *Handlers) leaders(ctx context.Context, speed schemas.Speed, since time.Time, after leadersEnd, n int) (leaders []leader, asOf time.Time, err error) {
	err = h.cfg.Breaker.Do(ctx, func(ctx context.Context) error {
		var latest *time.Time
		if err := h.cfg.Pool.QueryRow(ctx, `SELECT max(rated_at) FROM current_ratings WHERE speed = $1`, string(speed)).Scan(&latest); err != nil {
			return err
		}
		if latest != nil {
			asOf = *latest
		}
		rows, err := h.cfg.Pool.Query(ctx, selectLeaders, string(speed), since, after.Rating, after.PlayerID, n)
		if err != nil {
			return err
		}
		leaders, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l leader, err error) {
			err = row.Scan(&l.PlayerID, &l.Handle, &l.Country, &l.Rating, &l.Deviation, &l.Games, &l.PlayedAt)
			return l, err
		})
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the leaderboard of %s: %w", speed, err)
	}
	return leaders, asOf, nil
}

// dailyRating is a player's rating after the last game of a day (UTC).
type dailyRating struct {
	RatedAt           time.Time
	Rating, Deviation float64
	Games             int
}

// selectDays jumps from day to day through the index ratings_by_time, so that a day of
// many games costs as much as one of a single game.
const selectDays = `
WITH RECURSIVE days AS (
  (SELECT rated_at, rating, deviation, games FROM ratings
   WHERE player_id = $1 AND speed = $2 AND rated_at >= $3 AND rated_at < $4
   ORDER BY rated_at DESC, games DESC LIMIT 1)
  UNION ALL
  SELECT earlier.rated_at, earlier.rating, earlier.deviation, earlier.games FROM days d, LATERAL (
    SELECT rated_at, rating, deviation, games FROM ratings
    WHERE player_id = $1 AND speed = $2 AND rated_at >= $3 AND rated_at < date_trunc('day', d.rated_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    ORDER BY rated_at DESC, games DESC LIMIT 1) earlier
)
SELECT rated_at, rating, deviation, games FROM days LIMIT $5`

// dailyRatings reads a player's ratings at a speed within [since, until), one a day, the
// earliest first: the last n days on which they played.
func (h *Handlers) dailyRatings(ctx context.Context, playerID string, speed schemas.Speed, since, until time.Time, n int) (days []dailyRating, err error) {
	err = h.cfg.Breaker.Do(ctx, func(ctx context.Context) error {
		rows, err := h.cfg.Pool.Query(ctx, selectDays, playerID, string(speed), since, until, n)
		if err != nil {
			return err
		}
		days, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d dailyRating, err error) {
			err = row.Scan(&d.RatedAt, &d.Rating, &d.Deviation, &d.Games)
			return d, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the ratings of player %s: %w", playerID, err)
	}
	slices.SortFunc(days, func(a, b dailyRating) int { return a.RatedAt.Compare(b.RatedAt) })
	return days, nil
}
