package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// writeRatings inserts the batch's ratings. A stale processor can repeat an event
// (ADR 9), so a rating that is there already is passed over.
func writeRatings(ctx context.Context, tx pgx.Tx, b *batch) error {
	if len(b.ratings) == 0 {
		return nil
	}
	n := len(b.ratings)
	var (
		players, games                         = make([][16]byte, n), make([][16]byte, n)
		speeds, times                          = make([]string, n), make([]time.Time, n)
		ratings, deviations, volatile, changes = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		counts                                 = make([]int32, n)
	)
	for i, r := range b.ratings {
		players[i], games[i] = id(r.playerID), id(r.GameID)
		speeds[i], times[i] = string(r.Speed), r.at.Std()
		ratings[i], deviations[i], volatile[i], changes[i] = r.Rating, r.Deviation, r.Volatility, r.Change
		counts[i] = int32(r.Games)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO ratings (player_id, game_id, speed, rated_at, rating, deviation, volatility, change, games)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::int[])
		ON CONFLICT DO NOTHING`,
		players, games, speeds, times, ratings, deviations, volatile, changes, counts)
	if err != nil {
		return fmt.Errorf("insert ratings: %w", err)
	}
	return nil
}
