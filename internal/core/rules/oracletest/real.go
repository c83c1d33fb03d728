package oracletest

import (
	"errors"
	"io"
	"iter"
	"testing"

	"tabiya/internal/core/pgn"
	"tabiya/internal/gamestest"
)

// sample is how many games of a larger file are compared, if not all.
const sample = 64

// RealCount returns how many games RealGames reads from the file: all, unless
// the file lies beside the project and only a sample is compared.
func RealCount(t testing.TB, file gamestest.File) int {
	t.Helper()
	if file.Carried() || Whole(t) {
		return file.Games
	}
	return sample
}

// RealGames reads a file of real games.
func RealGames(t testing.TB, file gamestest.File) iter.Seq[Game] {
	t.Helper()
	in, limit := pgn.NewReader(file.Open(t)), RealCount(t, file)
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
			if g.Number > limit || !yield(Game{FEN: g.StartFEN, Moves: g.Moves}) {
				return
			}
		}
	}
}
