package game

import (
	"errors"
	"io"
	"testing"

	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

// No move of a real game from the starting position is refused, no game ends
// before its last move, and what ends on the board ends as the file says.
func TestRealGamesArePlayedToTheirResults(t *testing.T) {
	t.Parallel()
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			every := 1
			if !file.Carried() {
				every = 16
			}
			read, played := 0, 0
			for r := pgn.NewReader(file.Open(t)); ; {
				g, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				read++
				if g.Number%every == 0 && g.StartFEN == rules.StartFEN {
					playRealGame(t, g)
					played++
				}
			}
			if read != file.Games || file.Carried() && played != file.Games-file.SetUp {
				t.Errorf("%d games read and %d played; want %+v", read, played, file)
			}
		})
	}
}

func playRealGame(t *testing.T, file pgn.Game) {
	t.Helper()
	g := newGame(t)
	for i, uci := range file.Moves {
		g.at += 100
		if _, refusal := g.send(g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: uci, Ply: i + 1})); refusal != nil {
			t.Fatalf("game %d, ply %d: %+v", file.Number, i+1, *refusal)
		}
	}
	if g.state.Over() && g.state.Result != file.Result || g.state.FEN != file.FEN {
		t.Errorf("game %d ended %s in %s, the file says %s in %s", file.Number, g.state.Result, g.state.FEN, file.Result, file.FEN)
	}
	g.checkHistory()
}
