package oracletest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

// census counts what occurred, so that a comparison of dull games is noticed.
type census map[string]int

func (c census) require(t *testing.T, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		if c[kind] == 0 {
			t.Errorf("nothing was compared of: %s", kind)
		}
	}
}

func (c census) add(said *oracletest.Position) {
	c["positions"]++
	passed := strings.Fields(said.FEN)[3]
	for kind, is := range map[string]bool{
		"check": said.Check, "checkmate": said.Checkmate, "stalemate": said.Stalemate, "insufficient": said.Insufficient,
		"White cannot mate": said.CannotMate[0] && !said.CannotMate[1], "Black cannot mate": said.CannotMate[1] && !said.CannotMate[0],
		"threefold": said.Seen == 3, "fivefold": said.Seen == 5, "50 moves": said.Fifty, "75 moves": said.SeventyFive,
		"en passant possible": passed != "-", "en passant": passed != "-" && strings.HasPrefix(said.SAN[min(1, len(said.SAN)):], "x"+passed),
		"O-O": strings.HasPrefix(said.SAN, "O-O") && !strings.HasPrefix(said.SAN, "O-O-O"), "O-O-O": strings.HasPrefix(said.SAN, "O-O-O"),
		"=Q": strings.Contains(said.SAN, "=Q"), "=R": strings.Contains(said.SAN, "=R"), "=B": strings.Contains(said.SAN, "=B"), "=N": strings.Contains(said.SAN, "=N"),
	} {
		if is {
			c[kind]++
		}
	}
	c["SANs"] += len(said.SANs)
}

// comparison plays games as python-chess tells them.
type comparison struct {
	t    *testing.T
	seen census
}

func (c *comparison) game(g oracletest.Game, said []oracletest.Position) {
	c.t.Helper()
	p := parse(c.t, g.FEN)
	keys := map[uint64]int{}
	for ply := range said {
		them := &said[ply]
		c.seen.add(them)
		keys[p.Key()]++
		if err := compare(p, them, keys[p.Key()]); err != nil {
			c.t.Fatalf("ply %d of %s %v, %s: %v", ply, g.FEN, g.Moves, p.FEN(), err)
		}
		if ply == len(g.Moves) {
			break
		}
		before := p
		next, san, err := p.Play(g.Moves[ply])
		if err != nil || san != them.SAN {
			c.t.Fatalf("%s in %s: %q %v, python-chess says %q", g.Moves[ply], p.FEN(), san, err, them.SAN)
		}
		p = next
		checkNote(c.t, before, p, g.Moves[ply], san)
	}
	if len(said) != len(g.Moves)+1 {
		c.t.Fatalf("%s %v: %d positions", g.FEN, g.Moves, len(said))
	}
	c.seen["games"]++
}

// compare asks everything of one position.
func compare(p rules.Position, them *oracletest.Position, seen int) error {
	if p.FEN() != them.FEN {
		return fmt.Errorf("python-chess has %s", them.FEN)
	}
	if them.SANs != nil {
		again, err := rules.ParseFEN(them.FEN)
		if err != nil || again.FEN() != them.FEN || again.Key() != p.Key() || rules.KeyOfFEN(them.FEN) != p.Key() || again.Status() != p.Status() {
			return fmt.Errorf("read again as %s, %v", again.FEN(), err)
		}
	}
	legal := p.LegalMoves()
	slices.Sort(legal)
	if !slices.Equal(legal, them.Legal) {
		return fmt.Errorf("legal are %v, python-chess says %v", legal, them.Legal)
	}
	for i, want := range them.SANs {
		next, san, err := p.Play(them.Legal[i])
		if err != nil || san != want {
			return fmt.Errorf("%s is %q (%v), python-chess says %q", them.Legal[i], san, err, want)
		}
		if back, uci, _, err := p.PlaySAN(want); err != nil || uci != them.Legal[i] || back != next {
			return fmt.Errorf("%s read as %s: %v", want, uci, err)
		}
	}
	if status := statusOf(them); p.Status() != status {
		return fmt.Errorf("status %d, python-chess says %d", p.Status(), status)
	}
	if cannot := [2]bool{!p.CanMate(schemas.White), !p.CanMate(schemas.Black)}; cannot != them.CannotMate {
		return fmt.Errorf("cannot mate (White, Black): %v, python-chess says %v", cannot, them.CannotMate)
	}
	// Its own verdicts follow from the count and the clock: if not, its key is wrong.
	over := len(legal) == 0
	if seen != them.Seen || them.Threefold != (seen >= 3) || them.Fivefold != (seen >= 5) {
		return fmt.Errorf("seen %d times, python-chess says %d (threefold %v, fivefold %v)", seen, them.Seen, them.Threefold, them.Fivefold)
	}
	if fifty, seventyFive := p.HalfmoveClock() >= 100 && !over, p.HalfmoveClock() >= 150 && !over; fifty != them.Fifty || seventyFive != them.SeventyFive {
		return fmt.Errorf("half-move clock %d, python-chess says 50 %v, 75 %v", p.HalfmoveClock(), them.Fifty, them.SeventyFive)
	}
	return nil
}

// statusOf orders what python-chess tells separately. Its Board.outcome calls a
// stalemate with too little material insufficient; here it is a stalemate, since
// that is what the players see. Both are draws at once (FIDE 5.2.1, 5.2.2).
func statusOf(them *oracletest.Position) rules.Status {
	switch {
	case them.Checkmate:
		return rules.Checkmate
	case them.Stalemate:
		return rules.Stalemate
	case them.Insufficient:
		return rules.Insufficient
	}
	return rules.None
}

// checkNote makes the move again from what an event tells of it.
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
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			all := comparison{t, census{}}
			oracletest.New(t).Games(oracletest.RealGames(t, file), oracletest.Every(t), all.game)
			if want := oracletest.RealCount(t, file); all.seen["games"] != want {
				t.Errorf("%d games were compared, not %d", all.seen["games"], want)
			}
			t.Logf("%v", all.seen)
		})
	}
}

// A flag falls against who cannot mate "by any possible series of legal moves"
// (FIDE 6.9). We judge by material, as lichess and python-chess do, and so give
// these for won, which the law calls drawn: the price of a verdict that players
// know and that needs no search.
func TestOracleMateIsJudgedByMaterial(t *testing.T) {
	t.Parallel()
	c := comparison{t, census{}}
	oracletest.New(t).Games(slices.Values([]oracletest.Game{
		{FEN: "4k3/8/8/1p1p1p1p/1P1P1P1P/8/8/4K3 w - - 0 40"}, // neither king can pass the pawns
		{FEN: "8/8/8/3k4/8/8/1q6/K7 w - - 0 40"},              // White has one move: he takes the queen
	}), 1, c.game)
	if c.seen["positions"] != 2 || c.seen["White cannot mate"] != 1 || c.seen["Black cannot mate"] != 0 {
		t.Errorf("%v", c.seen)
	}
}
