package oracletest_test

import (
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
)

func perft(t testing.TB, p rules.Position, depth int) int {
	moves := p.LegalMoves()
	if depth == 1 {
		return len(moves)
	}
	n := 0
	for _, uci := range moves {
		next, _, err := p.Play(uci)
		if err != nil {
			t.Fatal(err)
		}
		n += perft(t, next, depth-1)
	}
	return n
}

func parse(t testing.TB, fen string) rules.Position {
	t.Helper()
	p, err := rules.ParseFEN(fen)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOraclePerft(t *testing.T) {
	t.Parallel()
	most := 100_000
	if oracletest.Whole(t) {
		most = 20_000_000
	}
	for _, c := range oracletest.Perfts {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for i, want := range c.Leaves {
				if want > most {
					break
				}
				if got := perft(t, parse(t, c.FEN), i+1); got != want {
					t.Errorf("perft %d = %d, want %d", i+1, got, want)
				}
			}
		})
	}
}
