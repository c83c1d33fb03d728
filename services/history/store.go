package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/pgn"
	"tabiya/internal/postgres"
	"tabiya/schemas"
)

var errNoGame = errors.New("no such game")

// finished is a finished game as stored by the postgres sink.
type finished struct {
	ID, Region string
	schemas.GameOver
	Rematch        *string     // game id
	RematchFailure *string     // why the rematch was not played; nil if it was, or there is none
	Changes        pgn.Changes // of the ratings
}

// store reads games from PostgreSQL.
type store struct {
	pool    *pgxpool.Pool
	breaker postgres.Breaker
}

func newStore(pool *pgxpool.Pool, logger *slog.Logger, registerer prometheus.Registerer) *store {
	return &store{pool, postgres.NewBreaker("history", logger, registerer)}
}

const selectGames = `
SELECT g.game_id::text, g.region, g.white_id::text, g.white_handle, g.white_rating, g.black_id::text, g.black_handle, g.black_rating,
       g.initial_cs, g.increment_cs, g.speed, g.rated, g.queue, g.created_at, g.ended_at, g.result, g.termination,
       g.plies, g.moves, g.clocks_cs, g.start_fen, g.fen, g.private, g.rematch::text, g.rematch_failure, g.white_restored_cs, g.black_restored_cs, wr.change, br.change
FROM games g
LEFT JOIN ratings wr ON wr.player_id = g.white_id AND wr.game_id = g.game_id
LEFT JOIN ratings br ON br.player_id = g.black_id AND br.game_id = g.game_id `

const selectGame = selectGames + `WHERE g.game_id = $1 AND g.ended_at = ` + endOf

// endOf is when the game with the id $1 ended, so that a query looks into that month alone.
const endOf = `(SELECT ended_at FROM game_ends WHERE game_id = $1)`

func scanGame(row pgx.CollectableRow) (g finished, err error) {
	var (
		created, ended time.Time
		moves          string
		restored       schemas.Clocks
	)
	err = row.Scan(&g.ID, &g.Region, &g.White.PlayerID, &g.White.Handle, &g.White.Rating, &g.Black.PlayerID, &g.Black.Handle, &g.Black.Rating,
		&g.TimeControl.InitialCs, &g.TimeControl.IncrementCs, &g.Speed, &g.Rated, &g.Queue, &created, &ended, &g.Result, &g.Termination,
		&g.Plies, &moves, &g.ClocksCs, &g.StartFEN, &g.FEN, &g.Private, &g.Rematch, &g.RematchFailure, &restored.WhiteCs, &restored.BlackCs, &g.Changes.White, &g.Changes.Black)
	g.CreatedAt, g.EndedAt = schemas.TimeOf(created), schemas.TimeOf(ended)
	g.Moves = strings.Fields(moves)
	if restored != (schemas.Clocks{}) {
		g.RestoredCs = &restored
	}
	return g, err
}

// Game reads a game. Returns errNoGame if there is none.
func (s *store) Game(ctx context.Context, id string) (g finished, err error) {
	err = s.breaker.Do(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, selectGame, id)
		if err != nil {
			return fmt.Errorf("read game %s: %w", id, err)
		}
		g, err = pgx.CollectExactlyOneRow(rows, scanGame)
		if errors.Is(err, pgx.ErrNoRows) {
			return errNoGame
		}
		if err != nil {
			return fmt.Errorf("read game %s: %w", id, err)
		}
		return nil
	})
	return g, err
}

// maxHandle is longer than any handle, in bytes.
const maxHandle = 64

// PlayerID returns the id of a player who is named by their id or their handle, whose
// letter case does not matter. It returns a refusal if no account has that handle.
func (s *store) PlayerID(ctx context.Context, name string) (id string, err error) {
	switch {
	case schemas.ValidID(name):
		return name, nil
	case len(name) > maxHandle || !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return "", noPlayer(name)
	}
	err = s.breaker.Do(ctx, func(ctx context.Context) error {
		err := s.pool.QueryRow(ctx, "SELECT id::text FROM accounts WHERE handle_lower = $1", strings.ToLower(name)).Scan(&id)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("find the player with a handle: %w", err)
		}
		return nil
	})
	if err == nil && id == "" {
		return "", noPlayer(name)
	}
	return id, err
}

func noPlayer(name string) error {
	return &refusal{schemas.CodePlayerNotFound, fmt.Sprintf("there is no player %.40q", name)}
}

// Page reads up to n of a player's games, the latest first: those after a page
// end, or the first if that is nil.
func (s *store) Page(ctx context.Context, f filter, after *pageEnd, n int) (games []finished, err error) {
	err = s.breaker.Do(ctx, func(ctx context.Context) error {
		where, args := f.where(after)
		args = append(args, n)
		// The inner query scans the index in the order of the pages. The outer one
		// finds each game by its whole key, which names its partition.
		rows, err := s.pool.Query(ctx, selectGames+`
			JOIN (SELECT game_id, ended_at FROM player_games WHERE `+where+`
			      ORDER BY ended_at DESC, game_id DESC LIMIT $`+fmt.Sprint(len(args))+`) p ON p.game_id = g.game_id AND p.ended_at = g.ended_at
			ORDER BY g.ended_at DESC, g.game_id DESC`, args...)
		if err != nil {
			return fmt.Errorf("read games of player %s: %w", f.Player, err)
		}
		if games, err = pgx.CollectRows(rows, scanGame); err != nil {
			return fmt.Errorf("read games of player %s: %w", f.Player, err)
		}
		return nil
	})
	return games, err
}
