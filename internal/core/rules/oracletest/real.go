package oracletest

import (
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"tabiya/internal/core/pgn"
)

// RealFiles are the files of real games. The second has tags and results, but no moves.
var RealFiles = []string{"lichess-blitz-rapid-1000.pgn", "womens-world-rapid-2024-605.pgn"}

// sample is how many games of a file are compared unless Whole.
const sample = 64

// RealGames returns the games of a file of real games, or a sample of them.
func RealGames(t testing.TB, name string) iter.Seq[Game] {
	t.Helper()
	f, err := os.Open(filepath.Join(Root(t), "..", "shared", "games", name))
	if err != nil {
		Missing(t, err.Error())
	}
	t.Cleanup(func() { f.Close() })
	in, whole := pgn.NewReader(f), Whole(t)
	return func(yield func(Game) bool) {
		for {
			g, err := in.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			if !whole && g.Number > sample || !yield(Game{FEN: g.StartFEN, Moves: g.Moves}) {
				return
			}
		}
	}
}
