package game

import (
	"testing"

	"tabiya/internal/rules"
	"tabiya/internal/rules/oracletest"
	"tabiya/schemas"
)

// endOf is how a game ends that python-chess calls over. Where two reasons hold
// at once it tells another than this package: too little material before
// stalemate, 75 moves before the fifth repetition. All of these are draws.
func endOf(said *oracletest.Position) schemas.Termination {
	switch {
	case said.Outcome == "":
		return ""
	case said.Checkmate:
		return schemas.Checkmate
	case said.Stalemate:
		return schemas.Stalemate
	case said.Insufficient:
		return schemas.InsufficientMaterial
	case said.Fivefold:
		return schemas.FivefoldRepetition
	case said.SeventyFive:
		return schemas.SeventyFiveMoves
	}
	return schemas.Termination(said.Outcome)
}

// playAsTold plays a game up to its end and compares, after each ply, what is
// over and what could be claimed.
func playAsTold(t *testing.T, g oracletest.Game, said []oracletest.Position) schemas.Termination {
	t.Helper()
	table := newTable(t)
	s := table.state
	for ply := range said {
		them := &said[ply]
		want := endOf(them)
		if s.FEN != them.FEN || s.Termination != want {
			t.Fatalf("ply %d of %v: %q in %s, python-chess says %q (%s) in %s", ply, g.Moves, s.Termination, s.FEN, want, them.Outcome, them.FEN)
		}
		if s.Over() {
			if draw := s.Result == schemas.Draw; draw == them.Checkmate {
				t.Fatalf("%v ended %s", g.Moves, s.Result)
			}
			return want
		}
		if seen := s.repetitions(rules.KeyOfFEN(s.FEN)); (seen >= 3) != them.Threefold {
			t.Fatalf("ply %d of %v: %s has stood %d times, python-chess: %v", ply, g.Moves, s.FEN, seen, them.Threefold)
		}
		if half := position(t, s).HalfmoveClock(); (half >= 100) != them.Fifty {
			t.Fatalf("ply %d of %v: half-move clock %d, python-chess: %v", ply, g.Moves, half, them.Fifty)
		}
		if ply == len(g.Moves) {
			break
		}
		actor := []string{whiteID, blackID}[ply%2]
		next, _, refusal := Judge(s, table.command(schemas.PlayMove, actor, &schemas.PlayMovePayload{UCI: g.Moves[ply]}), epoch+1)
		if refusal != nil {
			t.Fatalf("ply %d of %v: %+v", ply+1, g.Moves, *refusal)
		}
		s = next
	}
	return ""
}

func TestOracleEndings(t *testing.T) {
	t.Parallel()
	ended := map[schemas.Termination]int{}
	plies := oracletest.Plies(t, 20_000) / 4
	oracletest.New(t).Games(oracletest.RandomGamesFromStart(4, plies), 1<<30, func(g oracletest.Game, said []oracletest.Position) {
		ended[playAsTold(t, g, said)]++
	})
	t.Logf("%v", ended)
	if plies < 50_000 {
		return
	}
	for _, want := range []schemas.Termination{schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition, schemas.SeventyFiveMoves} {
		if ended[want] == 0 {
			t.Errorf("no game ended by %s", want)
		}
	}
}

func TestOracleRealGamesEnd(t *testing.T) {
	t.Parallel()
	for _, name := range oracletest.RealFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := map[schemas.Termination]int{}
			oracletest.New(t).Games(oracletest.RealGames(t, name), 1<<30, func(g oracletest.Game, said []oracletest.Position) {
				if g.FEN == rules.StartFEN {
					ended[playAsTold(t, g, said)]++
				}
			})
			t.Logf("%v", ended)
		})
	}
}
