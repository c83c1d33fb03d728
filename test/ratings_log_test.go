package test

import (
	"fmt"
	"testing"

	playercore "tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/postgres"
	"tabiya/schemas"
)

// readRatedLog reads the log when each game that counts has a rating for both players:
// the players processor judges a result a moment after the game's end.
func readRatedLog(t testing.TB, at stores) (log eventLog) {
	t.Helper()
	eventually.NoError(t, "every result is rated", func() error {
		log = readLog(t, at)
		rated := map[string]int{} // by game
		for _, r := range log {
			if p, ok := r.Payload.(*schemas.PlayerRatedPayload); ok {
				rated[p.GameID]++
			}
		}
		for id, over := range log.games() {
			if over.CountsForRatings() && rated[id] < 2 {
				return fmt.Errorf("game %s has %d ratings", id, rated[id])
			}
		}
		return nil
	})
	return log
}

// checkRatings verifies that each game that counts has one rating for each player, that
// the ratings of a player and speed are chained, that each can be computed again from
// what its event says, and that the opponent's values are those of the game. Then it
// waits until Postgres has them all.
func (l eventLog) checkRatings(t testing.TB, at stores) {
	t.Helper()
	games := l.games()
	rated := map[string]int{}                       // by game
	last := map[string]schemas.PlayerRatedPayload{} // by player and speed
	for _, r := range l {
		p, ok := r.Payload.(*schemas.PlayerRatedPayload)
		if !ok {
			continue
		}
		rated[p.GameID]++
		over, b := games[p.GameID], p.Basis
		if over == nil || !over.CountsForRatings() || b == nil {
			t.Errorf("player %s: rating %+v of a game that does not count: %+v", r.Key, p, over)
			continue
		}
		if after, known := playercore.Rerate(b); !known || after.Rating != p.Rating || after.Deviation != p.Deviation || after.Volatility != p.Volatility {
			t.Errorf("player %s, game %s: %+v gives %+v, the log has %+v", r.Key, p.GameID, b, after, p)
		}
		opponent := over.White
		if over.White.PlayerID == r.Key {
			opponent = over.Black
		}
		if b.OpponentID != opponent.PlayerID || b.OpponentRating != opponent.Rating || b.OpponentDeviation != opponent.Deviation {
			t.Errorf("player %s, game %s: rated against %+v, played against %+v", r.Key, p.GameID, b, opponent)
		}
		chain := r.Key + " " + string(p.Speed)
		if before, ok := last[chain]; ok && (b.Rating != before.Rating || b.Deviation != before.Deviation || b.Volatility != before.Volatility || p.Games != before.Games+1) {
			t.Errorf("player %s, game %s: starts from %+v after %+v", r.Key, p.GameID, b, before)
		}
		last[chain] = *p
	}
	total := 0
	for id, over := range games {
		want := 0
		if over.CountsForRatings() {
			want = 2
		}
		if rated[id] != want {
			t.Errorf("game %s has %d ratings, want %d", id, rated[id], want)
		}
		total += want
	}
	pool, err := postgres.Open(t.Context(), at.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	eventually.NoError(t, "the ratings in Postgres", func() error {
		var rows int
		err := pool.QueryRow(t.Context(), `SELECT count(*) FROM ratings r JOIN games g USING (game_id) WHERE g.rated AND r.player_id IN (g.white_id, g.black_id)`).Scan(&rows)
		if err == nil && rows != total {
			err = fmt.Errorf("%d of %d ratings", rows, total)
		}
		return err
	})
}
