package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/schemas"
)

// PostgresGame is a row of games, with the players of its rows in player_games.
type PostgresGame struct {
	ID, Result, Termination string
	WhiteID, BlackID        string
	Plies                   int
	Moves                   string
	ClocksCs                []int64
	EventID                 string
	Players                 []string // ids from player_games
}

// ReadPostgres reads the finished games.
func ReadPostgres(ctx context.Context, pool *pgxpool.Pool) ([]PostgresGame, error) {
	rows, err := pool.Query(ctx, `SELECT game_id::text, result, termination, white_id::text, black_id::text, plies, moves, clocks_cs, event_id::text,
		ARRAY(SELECT player_id::text FROM player_games p WHERE p.game_id = g.game_id AND p.ended_at = g.ended_at ORDER BY color DESC) FROM games g`)
	if err != nil {
		return nil, fmt.Errorf("read games: %w", err)
	}
	defer rows.Close()
	var games []PostgresGame
	for rows.Next() {
		var g PostgresGame
		if err := rows.Scan(&g.ID, &g.Result, &g.Termination, &g.WhiteID, &g.BlackID, &g.Plies, &g.Moves, &g.ClocksCs, &g.EventID, &g.Players); err != nil {
			return nil, fmt.Errorf("read games: %w", err)
		}
		games = append(games, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read games: %w", err)
	}
	var playerGames int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM player_games`).Scan(&playerGames); err != nil {
		return nil, fmt.Errorf("count player_games: %w", err)
	}
	for _, g := range games {
		playerGames -= len(g.Players)
	}
	if playerGames != 0 {
		return nil, fmt.Errorf("%d rows of player_games belong to no game", playerGames)
	}
	return games, nil
}

// Postgres compares the finished games in PostgreSQL with the log: one row for each
// game, and one for each of its players.
func (l Log) Postgres(rows []PostgresGame) []Finding {
	f := findings{check: "postgres"}
	want, got := map[string]string{}, map[string]string{}
	for id, r := range l.Over() {
		g := r.Payload.(*schemas.GameOver)
		white, black := g.White.PlayerID, g.Black.PlayerID
		want[id] = fmt.Sprint(g.Result, g.Termination, white, black, g.Plies, strings.Join(g.Moves, " "), g.ClocksCs, r.ID, []string{white, black})
	}
	for _, g := range rows {
		if _, twice := got[g.ID]; twice {
			f.addf("game %s is there twice", g.ID)
		}
		got[g.ID] = fmt.Sprint(g.Result, g.Termination, g.WhiteID, g.BlackID, g.Plies, g.Moves, g.ClocksCs, g.EventID, g.Players)
	}
	f.compareGames(want, got)
	return f.list()
}

// RatingRow is a row of ratings.
type RatingRow struct {
	PlayerID, GameID, Speed string
	Rating, Deviation       float64
	Games                   int
}

// ReadRatings reads the ratings.
func ReadRatings(ctx context.Context, pool *pgxpool.Pool) ([]RatingRow, error) {
	rows, err := pool.Query(ctx, `SELECT player_id::text, game_id::text, speed, rating, deviation, games FROM ratings`)
	if err != nil {
		return nil, fmt.Errorf("read ratings: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[RatingRow])
	if err != nil {
		return nil, fmt.Errorf("read ratings: %w", err)
	}
	return all, nil
}

// Ratings compares the ratings in PostgreSQL with the log: one row for each rating that
// a game changed.
func (l Log) Ratings(rows []RatingRow) []Finding {
	f := findings{check: "ratings"}
	want, got := sequences{}, sequences{}
	for _, r := range l {
		if p, ok := r.Payload.(*schemas.PlayerRatedPayload); ok {
			want["rating"] = append(want["rating"], RatingRow{r.Key, p.GameID, string(p.Speed), p.Rating, p.Deviation, p.Games}.String())
		}
	}
	for _, r := range rows {
		got["rating"] = append(got["rating"], r.String())
	}
	for _, s := range []sequences{want, got} { // the table has no order
		slices.Sort(s["rating"])
	}
	f.compare(want, got)
	return f.list()
}

func (r RatingRow) String() string {
	return fmt.Sprintf("%s %s %s %g %g %d", r.PlayerID, r.GameID, r.Speed, r.Rating, r.Deviation, r.Games)
}

// compareGames adds a finding for each game that is lost, too many or different.
func (f *findings) compareGames(want, got map[string]string) {
	for _, id := range slices.Sorted(maps.Keys(want)) {
		switch row, ok := got[id]; {
		case !ok:
			f.addf("game %s is in the log, but not here", id)
		case row != want[id]:
			f.addf("game %s is %.500s, the log has %.500s", id, row, want[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[id]; !ok {
			f.addf("game %s is here, but has not ended in the log", id)
		}
	}
}
