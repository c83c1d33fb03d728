package game

import (
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
	"tabiya/schemas"
)

// endOf is the termination of a position that python-chess calls over. Where two
// hold at once python-chess reports another one than this package does
// (insufficient material before stalemate, 75 moves before fivefold repetition); all
// of these are draws.
func endOf(oracle *oracletest.Position) schemas.Termination {
	switch {
	case oracle.Outcome == "":
		return ""
	case oracle.Checkmate:
		return schemas.Checkmate
	case oracle.Stalemate:
		return schemas.Stalemate
	case oracle.Insufficient:
		return schemas.InsufficientMaterial
	case oracle.Fivefold:
		return schemas.FivefoldRepetition
	case oracle.SeventyFive:
		return schemas.SeventyFiveMoves
	}
	return schemas.Termination(oracle.Outcome)
}

// claimOf is the draw that the side to move can claim. Unlike Board.can_claim_draw it
// ignores the positions that the next move could reach (FIDE 9.2.1, 9.3.1): here a
// player cannot announce a move.
func claimOf(oracle *oracletest.Position) schemas.Termination {
	switch {
	case oracle.Threefold:
		return schemas.ThreefoldRepetition
	case oracle.Fifty:
		return schemas.FiftyMoves
	}
	return ""
}

// compareWithOracle plays a game to its end and compares, after each ply, whether it
// is over and what can be claimed. It counts terminations and claims in seen.
func compareWithOracle(t *testing.T, seen map[schemas.Termination]int, g oracletest.Game, positions []oracletest.Position) {
	t.Helper()
	h := &harness{t: t, at: epoch}
	payload := createPayload()
	payload.FEN = g.FEN
	s, _, refusal := Decide(nil, h.command(schemas.CreateGame, schemas.ActorService, payload), epoch)
	if refusal != nil {
		if _, err := rules.ParseStart(g.FEN); err == nil || refusal.Code != schemas.CodeInvalidFEN {
			t.Fatalf("%s: %+v", g.FEN, *refusal)
		}
		return
	}
	for ply := range positions {
		oracle := &positions[ply]
		want := endOf(oracle)
		if s.FEN != oracle.FEN || s.Termination != want {
			t.Fatalf("ply %d of %s %v: %q in %s, python-chess says %q (%s) in %s", ply, g.FEN, g.Moves, s.Termination, s.FEN, want, oracle.Outcome, oracle.FEN)
		}
		if s.Over() {
			if winner := schemas.WinFor(s.Turn().Other()); s.Result != schemas.Draw && (s.Result != winner || !oracle.Checkmate) {
				t.Fatalf("%s %v ended %s", g.FEN, g.Moves, s.Result)
			}
			seen[want]++
			return
		}
		actor := map[schemas.Color]string{schemas.White: whiteID, schemas.Black: blackID}[s.Turn()]
		claimed, _, refusal := Decide(s, h.command(schemas.ClaimDraw, actor, nil), epoch+1)
		if claim := claimOf(oracle); claimed.Termination != claim || (refusal == nil) != (claim != "") {
			t.Fatalf("ply %d of %s %v: claimed %q (%+v), python-chess says %q", ply, g.FEN, g.Moves, claimed.Termination, refusal, claim)
		}
		seen[claimed.Termination]++
		if ply == len(g.Moves) {
			return
		}
		s, _, refusal = Decide(s, h.command(schemas.PlayMove, actor, &schemas.PlayMovePayload{UCI: g.Moves[ply]}), epoch+1)
		if refusal != nil {
			t.Fatalf("ply %d of %s %v: %+v", ply+1, g.FEN, g.Moves, *refusal)
		}
	}
}

func TestOracleEndings(t *testing.T) {
	t.Parallel()
	seen := map[schemas.Termination]int{}
	plies := oracletest.Plies(t, 5_000)
	oracletest.New(t).Games(oracletest.RandomGames(4, plies), 1<<30, func(g oracletest.Game, positions []oracletest.Position) {
		compareWithOracle(t, seen, g, positions)
	})
	t.Logf("%v", seen)
	for _, want := range []schemas.Termination{
		schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition, schemas.SeventyFiveMoves,
		schemas.ThreefoldRepetition, schemas.FiftyMoves,
	} {
		if plies >= 25_000 && seen[want] == 0 {
			t.Errorf("no game was compared that ended by %s", want)
		}
	}
}

func TestOracleRealGamesEnd(t *testing.T) {
	t.Parallel()
	for _, name := range oracletest.RealFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[schemas.Termination]int{}
			oracletest.New(t).Games(oracletest.RealGames(t, name), 1<<30, func(g oracletest.Game, positions []oracletest.Position) {
				compareWithOracle(t, seen, g, positions)
			})
			t.Logf("%v", seen)
		})
	}
}
