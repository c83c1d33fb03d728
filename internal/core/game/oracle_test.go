package game

import (
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
	"tabiya/internal/gamestest"
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

// claimOf is the draw that the side to move can claim there. Board.can_claim_draw
// also counts what the next move would make (FIDE 9.2.1, 9.3.1); here a claim is
// judged on the position on the board, as a player cannot announce a move.
func claimOf(said *oracletest.Position) schemas.Termination {
	switch {
	case said.Threefold:
		return schemas.ThreefoldRepetition
	case said.Fifty:
		return schemas.FiftyMoves
	}
	return ""
}

// asTold plays a game up to its end and compares, after each ply, what is over
// and what can be claimed. It counts how games ended and what was claimed.
func asTold(t *testing.T, seen map[schemas.Termination]int, g oracletest.Game, said []oracletest.Position) {
	t.Helper()
	table := &table{t: t, at: epoch}
	payload := createPayload()
	payload.FEN = g.FEN
	s, _, refusal := Judge(nil, table.command(schemas.CreateGame, schemas.ActorService, payload), epoch)
	if refusal != nil {
		if _, err := rules.ParseStart(g.FEN); err == nil || refusal.Code != schemas.CodeInvalidFEN {
			t.Fatalf("%s: %+v", g.FEN, *refusal)
		}
		return
	}
	for ply := range said {
		them := &said[ply]
		want := endOf(them)
		if s.FEN != them.FEN || s.Termination != want {
			t.Fatalf("ply %d of %s %v: %q in %s, python-chess says %q (%s) in %s", ply, g.FEN, g.Moves, s.Termination, s.FEN, want, them.Outcome, them.FEN)
		}
		if s.Over() {
			if winner := schemas.WinFor(s.Turn().Other()); s.Result != schemas.Draw && (s.Result != winner || !them.Checkmate) {
				t.Fatalf("%s %v ended %s", g.FEN, g.Moves, s.Result)
			}
			seen[want]++
			return
		}
		actor := map[schemas.Color]string{schemas.White: whiteID, schemas.Black: blackID}[s.Turn()]
		claimed, _, refusal := Judge(s, table.command(schemas.ClaimDraw, actor, nil), epoch+1)
		if claim := claimOf(them); claimed.Termination != claim || (refusal == nil) != (claim != "") {
			t.Fatalf("ply %d of %s %v: a claim gives %q (%+v), python-chess says %q", ply, g.FEN, g.Moves, claimed.Termination, refusal, claim)
		}
		seen[claimed.Termination]++
		if ply == len(g.Moves) {
			return
		}
		s, _, refusal = Judge(s, table.command(schemas.PlayMove, actor, &schemas.PlayMovePayload{UCI: g.Moves[ply]}), epoch+1)
		if refusal != nil {
			t.Fatalf("ply %d of %s %v: %+v", ply+1, g.FEN, g.Moves, *refusal)
		}
	}
}

func TestOracleEndings(t *testing.T) {
	t.Parallel()
	seen := map[schemas.Termination]int{}
	plies := oracletest.Plies(t, 5_000)
	oracletest.New(t).Games(oracletest.RandomGames(4, plies), 1<<30, func(g oracletest.Game, said []oracletest.Position) {
		asTold(t, seen, g, said)
	})
	t.Logf("%v", seen)
	for _, want := range []schemas.Termination{
		schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition, schemas.SeventyFiveMoves,
		schemas.ThreefoldRepetition, schemas.FiftyMoves,
	} {
		if plies >= 25_000 && seen[want] == 0 {
			t.Errorf("nothing was compared of: %s", want)
		}
	}
}

func TestOracleRealGamesEnd(t *testing.T) {
	t.Parallel()
	endings := map[string][]schemas.Termination{
		gamestest.Sample.Name: {schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.ThreefoldRepetition},
		gamestest.ByHand.Name: {schemas.FiftyMoves, schemas.SeventyFiveMoves, schemas.FivefoldRepetition},
	}
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			seen, games := map[schemas.Termination]int{}, 0
			oracletest.New(t).Games(oracletest.RealGames(t, file), 1<<30, func(g oracletest.Game, said []oracletest.Position) {
				asTold(t, seen, g, said)
				games++
			})
			t.Logf("%d games: %v", games, seen)
			if want := oracletest.RealCount(t, file); games != want {
				t.Errorf("%d games were compared, not %d", games, want)
			}
			for _, want := range endings[file.Name] {
				if seen[want] == 0 {
					t.Errorf("nothing was compared of: %s", want)
				}
			}
		})
	}
}
