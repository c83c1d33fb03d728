package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Played gives the broker time of a finished game's first command, and its row of
// games-table, nil if the game is older than those; ok is false if there is no such
// game. A database that is away is an error.
func (s *Service) Played(ctx context.Context, gameID string) (from time.Time, row []byte, ok bool, err error) {
	err = s.games.breaker.Do(ctx, func(ctx context.Context) error {
		err := s.cfg.Pool.QueryRow(ctx, `SELECT created_at, table_row FROM games WHERE game_id = $1 LIMIT 1`, gameID).Scan(&from, &row)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return fmt.Errorf("read when game %s was played: %w", gameID, err)
		}
		ok = true
		return nil
	})
	return from, row, ok, err
}
