package oracletest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
	"tabiya/schemas"
)

// census counts what occurred in the compared games, to check that they cover everything.
type census map[string]int

func (c census) require(t *testing.T, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		if c[kind] == 0 {
			t.Errorf("the compared games have no %s", kind)
		}
	}
}

func (c census) add(oracle *oracletest.Position) {
	c["positions"]++
	passed := strings.Fields(oracle.FEN)[3]
	for kind, is := range map[string]bool{
		"check": oracle.Check, "checkmate": oracle.Checkmate, "stalemate": oracle.Stalemate, "insufficient": oracle.Insufficient,
		"White cannot mate": oracle.CannotMate[0] && !oracle.CannotMate[1], "Black cannot mate": oracle.CannotMate[1] && !oracle.CannotMate[0],
		"threefold": oracle.Seen == 3, "fivefold": oracle.Seen == 5, "50 moves": oracle.Fifty, "75 moves": oracle.SeventyFive,
		"en passant possible": passed != "-", "en passant": passed != "-" && strings.HasPrefix(oracle.SAN[min(1, len(oracle.SAN)):], "x"+passed),
		"O-O": strings.HasPrefix(oracle.SAN, "O-O") && !strings.HasPrefix(oracle.SAN, "O-O-O"), "O-O-O": strings.HasPrefix(oracle.SAN, "O-O-O"),
		"=Q": strings.Contains(oracle.SAN, "=Q"), "=R": strings.Contains(oracle.SAN, "=R"), "=B": strings.Contains(oracle.SAN, "=B"), "=N": strings.Contains(oracle.SAN, "=N"),
	} {
		if is {
			c[kind]++
		}
	}
	c["SANs"] += len(oracle.SANs)
}

// comparison plays games and compares each position with python-chess.
type comparison struct {
	t    *testing.T
	seen census
}

func (c *comparison) game(g oracletest.Game, positions []oracletest.Position) {
	c.t.Helper()
	p := parse(c.t, g.FEN)
	keys := map[uint64]int{}
	for ply := range positions {
		oracle := &positions[ply]
		c.seen.add(oracle)
		keys[p.Key()]++
		if err := compare(p, oracle, keys[p.Key()]); err != nil {
			c.t.Fatalf("ply %d of %s %v, %s: %v", ply, g.FEN, g.Moves, p.FEN(), err)
		}
		if ply == len(g.Moves) {
			break
		}
		before := p
		next, san, err := p.Play(g.Moves[ply])
		if err != nil || san != oracle.SAN {
			c.t.Fatalf("%s in %s: %q %v, python-chess says %q", g.Moves[ply], p.FEN(), san, err, oracle.SAN)
		}
		p = next
		checkNote(c.t, before, p, g.Moves[ply], san)
	}
	if len(positions) != len(g.Moves)+1 {
		c.t.Fatalf("%s %v: %d positions", g.FEN, g.Moves, len(positions))
	}
	c.seen["games"]++
}

// compare compares everything about one position.
func compare(p rules.Position, oracle *oracletest.Position, seen int) error {
	if p.FEN() != oracle.FEN {
		return fmt.Errorf("python-chess has %s", oracle.FEN)
	}
	if oracle.SANs != nil {
		again, err := rules.ParseFEN(oracle.FEN)
		if err != nil || again.FEN() != oracle.FEN || again.Key() != p.Key() || rules.KeyOfFEN(oracle.FEN) != p.Key() || again.Status() != p.Status() {
			return fmt.Errorf("parsed again as %s, %v", again.FEN(), err)
		}
	}
	legal := p.LegalMoves()
	slices.Sort(legal)
	if !slices.Equal(legal, oracle.Legal) {
		return fmt.Errorf("legal are %v, python-chess says %v", legal, oracle.Legal)
	}
	for i, want := range oracle.SANs {
		next, san, err := p.Play(oracle.Legal[i])
		if err != nil || san != want {
			return fmt.Errorf("%s is %q (%v), python-chess says %q", oracle.Legal[i], san, err, want)
		}
		if back, uci, _, err := p.PlaySAN(want); err != nil || uci != oracle.Legal[i] || back != next {
			return fmt.Errorf("%s parsed as %s: %v", want, uci, err)
		}
	}
	if status := statusOf(oracle); p.Status() != status {
		return fmt.Errorf("status %d, python-chess says %d", p.Status(), status)
	}
	if cannot := [2]bool{!p.CanMate(schemas.White), !p.CanMate(schemas.Black)}; cannot != oracle.CannotMate {
		return fmt.Errorf("cannot mate (White, Black): %v, python-chess says %v", cannot, oracle.CannotMate)
	}
	// python-chess's draws must follow from its own count and clock. If not, its key is wrong.
	over := len(legal) == 0
	if seen != oracle.Seen || oracle.Threefold != (seen >= 3) || oracle.Fivefold != (seen >= 5) {
		return fmt.Errorf("seen %d times, python-chess says %d (threefold %v, fivefold %v)", seen, oracle.Seen, oracle.Threefold, oracle.Fivefold)
	}
	if fifty, seventyFive := p.HalfmoveClock() >= 100 && !over, p.HalfmoveClock() >= 150 && !over; fifty != oracle.Fifty || seventyFive != oracle.SeventyFive {
		return fmt.Errorf("half-move clock %d, python-chess says 50 %v, 75 %v", p.HalfmoveClock(), oracle.Fifty, oracle.SeventyFive)
	}
	return nil
}

// statusOf is the Status that corresponds to python-chess's flags. For a stalemate with
// insufficient material its Board.outcome reports the material; package rules reports the
// stalemate, which is what players see. Both are immediate draws (FIDE 5.2.1, 5.2.2).
func statusOf(oracle *oracletest.Position) rules.Status {
	switch {
	case oracle.Checkmate:
		return rules.Checkmate
	case oracle.Stalemate:
		return rules.Stalemate
	case oracle.Insufficient:
		return rules.Insufficient
	}
	return rules.None
}

// checkNote replays the move from the Move that Note returns for it.
func checkNote(t *testing.T, p, next rules.Position, uci, san string) {
	t.Helper()
	m, err := rules.Note(uci, san, next.FEN())
	if err != nil {
		t.Fatal(err)
	}
	if again, written := p.Replay(m); again.FEN() != next.FEN() || written != san {
		t.Fatalf("%s in %s replayed as %s to %s", san, p.FEN(), written, again.FEN())
	}
}

func TestOracleRandomGames(t *testing.T) {
	t.Parallel()
	c := comparison{t, census{}}
	defer func() { t.Logf("%v", c.seen) }()
	plies := oracletest.Plies(t, 20_000)
	oracletest.New(t).Games(oracletest.RandomGames(1, plies), oracletest.Every(t), c.game)
	if plies < 20_000 {
		return
	}
	c.seen.require(t, "check", "checkmate", "stalemate", "insufficient", "White cannot mate", "Black cannot mate", "threefold", "fivefold",
		"50 moves", "75 moves", "en passant possible", "en passant", "O-O", "O-O-O", "=Q", "=R", "=B", "=N")
}

func TestOracleRealGames(t *testing.T) {
	t.Parallel()
	for _, name := range oracletest.RealFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := comparison{t, census{}}
			oracletest.New(t).Games(oracletest.RealGames(t, name), oracletest.Every(t), all.game)
			all.seen.require(t, "games")
			t.Logf("%v", all.seen)
		})
	}
}

// A flag fall is a draw if the opponent cannot mate "by any possible series of legal moves"
// (FIDE 6.9). CanMate goes by material, as lichess and python-chess do: players know that
// rule, and it needs no search. So these positions count as won, although by the law they
// are drawn.
func TestOracleCanMateGoesByMaterial(t *testing.T) {
	t.Parallel()
	c := comparison{t, census{}}
	oracletest.New(t).Games(slices.Values([]oracletest.Game{
		{FEN: "4k3/8/8/1p1p1p1p/1P1P1P1P/8/8/4K3 w - - 0 40"}, // neither king can get past the pawns
		{FEN: "8/8/8/3k4/8/8/1q6/K7 w - - 0 40"},              // White's only move captures the queen
	}), 1, c.game)
	if c.seen["positions"] != 2 || c.seen["White cannot mate"] != 1 || c.seen["Black cannot mate"] != 0 {
		t.Errorf("%v", c.seen)
	}
}
