package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const selectPlayed = `SELECT created_at, table_row FROM games WHERE game_id = $1 AND ended_at = ` + endOf

// Played returns when a finished game was created, by broker time, and its row of
// games-table. The row is nil for a game that was stored before rows were. ok is
// false if there is no such game. Returns an error if the database cannot be
// reached.
func (s *Service) Played(ctx context.Context, gameID string) (from time.Time, row []byte, ok bool, err error) {
	err = s.games.breaker.Do(ctx, func(ctx context.Context) error {
		err := s.cfg.Pool.QueryRow(ctx, selectPlayed, gameID).Scan(&from, &row)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return fmt.Errorf("read row of game %s: %w", gameID, err)
		}
		ok = true
		return nil
	})
	return from, row, ok, err
}
