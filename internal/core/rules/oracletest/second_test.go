package oracletest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	second "github.com/corentings/chess/v2"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
)

// corentings/chess is a fork of the library behind package rules, but has changed enough
// since to be a second opinion.
func TestOracleSecondOpinion(t *testing.T) {
	t.Parallel()
	compared := 0
	for g := range oracletest.RandomGames(2, oracletest.Plies(t, 20_000)/5) {
		ours := parse(t, g.FEN)
		theirs := new(second.Position)
		if err := theirs.UnmarshalText([]byte(g.FEN)); err != nil {
			t.Fatalf("%s: %v", g.FEN, err)
		}
		for ply, uci := range append(g.Moves, "") {
			if err := secondOpinion(ours, theirs); err != nil {
				t.Fatalf("ply %d of %s %v, %s: %v", ply, g.FEN, g.Moves, ours.FEN(), err)
			}
			compared++
			if uci == "" {
				break
			}
			move, err := second.UCINotation{}.Decode(theirs, uci)
			if err != nil {
				t.Fatal(err)
			}
			theirs = theirs.Update(move)
			ours, _, _ = ours.Play(uci)
		}
	}
	t.Logf("%d positions", compared)
}

func secondOpinion(ours rules.Position, theirs *second.Position) error {
	if a, b := placement(ours.FEN()), placement(theirs.String()); a != b {
		return fmt.Errorf("the other has %s", b)
	}
	legal := ours.LegalMoves()
	slices.Sort(legal)
	moves := theirs.ValidMoves()
	others := make([]string, len(moves))
	for i := range moves {
		others[i] = moves[i].String()
		_, san, err := ours.Play(others[i])
		if other := (second.AlgebraicNotation{}).Encode(theirs, &moves[i]); err != nil || other != san {
			return fmt.Errorf("%s is %q (%v), the other says %q", others[i], san, err, other)
		}
	}
	slices.Sort(others)
	if !slices.Equal(legal, others) {
		return fmt.Errorf("legal are %v, the other says %v", legal, others)
	}
	mate, stalemate := theirs.Status() == second.Checkmate, theirs.Status() == second.Stalemate
	if mate != (ours.Status() == rules.Checkmate) || stalemate != (ours.Status() == rules.Stalemate) {
		return fmt.Errorf("status %d, the other says %v", ours.Status(), theirs.Status())
	}
	return nil
}

// placement is a FEN without the en-passant square, which the other library writes after
// every double step.
func placement(fen string) string {
	f := strings.Fields(fen)
	return strings.Join([]string{f[0], f[1], f[2], f[4], f[5]}, " ")
}
