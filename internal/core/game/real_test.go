package game

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Real games from the starting position: no move is refused, no game ends
// before its last move, and what ends on the board ends as the file says.
func TestRealGamesArePlayedToTheirResults(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "games", "lichess-blitz-rapid-1000.pgn"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := pgn.NewReader(f); ; {
		file, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if file.Number%16 != 0 || file.StartFEN != rules.StartFEN {
			continue
		}
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
}
