package rules

import (
	"errors"
	"strings"
	"testing"

	"tabiya/schemas"
)

func mustParse(t testing.TB, fen string) Position {
	t.Helper()
	p, err := ParseFEN(fen)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustPlay(t testing.TB, p Position, sans string) (Position, []Position) {
	t.Helper()
	all := []Position{p}
	for san := range strings.FieldsSeq(sans) {
		next, _, got, err := p.PlaySAN(san)
		if err != nil {
			t.Fatalf("%s in %s: %v", san, p.FEN(), err)
		}
		if got != san {
			t.Fatalf("SAN %s of %s in %s", got, san, p.FEN())
		}
		p = next
		all = append(all, p)
	}
	return p, all
}

func countKey(all []Position, key uint64) (n int) {
	for _, p := range all {
		if p.Key() == key {
			n++
		}
	}
	return n
}

func TestKeyIncludesEnPassantOnlyIfCaptureIsLegal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, fen, moves string }{
		{"no pawn beside", StartFEN, "e4 e5 Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8"},
		{"pinned capturer", "6k1/1p2p1rp/rP1pR3/2pP1pP1/p1P2P1P/R5K1/8/8 b - - 0 1", "h5 Rh6 Rh7 Re6 Rg7 Rh6 Rh7 Re6 Rg7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			last, all := mustPlay(t, mustParse(t, c.fen), c.moves)
			if n := countKey(all, last.Key()); n != 3 {
				t.Errorf("the last position occurred %d times, want 3", n)
			}
		})
	}
	// If the capture is legal, the first occurrence is a different position.
	last, all := mustPlay(t, mustParse(t, "4k1n1/8/8/8/5p2/8/4P3/4K1N1 w - - 0 1"), "e4 Nf6 Nf3 Ng8 Ng1 Nf6 Nf3 Ng8 Ng1")
	if n := countKey(all, last.Key()); n != 2 {
		t.Errorf("the last position occurred %d times, want 2", n)
	}
	if fen := all[1].FEN(); !strings.Contains(fen, " e3 ") {
		t.Errorf("the en-passant square is missing in %s", fen)
	}
}

func TestKeyIncludesRightsAndTurn(t *testing.T) {
	t.Parallel()
	seen := map[uint64]string{}
	for _, fen := range []string{
		"r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1", "r3k2r/8/8/8/8/8/8/R3K2R w Qkq - 0 1",
		"r3k2r/8/8/8/8/8/8/R3K2R w - - 0 1", "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "4k3/8/8/3pP3/8/8/8/4K3 w - - 0 1",
	} {
		p := mustParse(t, fen)
		if other, dup := seen[p.Key()]; dup {
			t.Errorf("%s and %s have the same key", fen, other)
		}
		seen[p.Key()] = fen
		if p.Key() != KeyOfFEN(p.FEN()) {
			t.Errorf("%s: Key and KeyOfFEN differ", fen)
		}
	}
	a, b := mustParse(t, "4k3/8/8/8/8/8/8/4K2R w K - 3 9"), mustParse(t, "4k3/8/8/8/8/8/8/4K2R w K - 40 90")
	if a.Key() != b.Key() {
		t.Error("the key depends on the counters")
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fen  string
		want Status
	}{
		{StartFEN, None},
		{"rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3", Checkmate},
		{"7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", Stalemate},
		{"8/8/4k3/8/8/4K3/8/8 w - - 0 1", Insufficient},
		{"8/8/4k3/8/8/4KN2/8/8 w - - 0 1", Insufficient},
		{"8/8/4k3/8/8/4KB2/8/8 b - - 0 1", Insufficient},
		{"8/8/4k3/8/8/4KNN1/8/8 w - - 0 1", None},
		{"8/8/4kb2/8/8/4KB2/8/8 w - - 0 1", None},          // f6 dark, f3 light
		{"8/8/4k1b1/8/8/4KB2/8/8 w - - 0 1", Insufficient}, // g6 light, f3 light
		{"8/8/4kn2/8/8/4KN2/8/8 w - - 0 1", None},
		{"8/8/4k3/8/8/4KR2/8/8 w - - 0 1", None},
	} {
		if got := mustParse(t, c.fen).Status(); got != c.want {
			t.Errorf("%s: status %d, want %d", c.fen, got, c.want)
		}
	}
}

func TestCanMate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fen          string
		white, black bool
	}{
		{StartFEN, true, true},
		{"8/8/4k3/8/8/4K3/8/7Q w - - 0 1", true, false},
		{"8/8/4k3/8/8/4K3/8/7P w - - 0 1", true, false},
		{"q7/8/4k3/8/8/4K3/8/6N1 w - - 0 1", false, true},   // knight against a queen
		{"r7/8/4k3/8/8/4K3/8/6N1 w - - 0 1", true, true},    // knight against a rook
		{"r7/8/4k3/8/8/4K3/8/6B1 w - - 0 1", false, true},   // bishop against a rook
		{"8/p7/4k3/8/8/4K3/8/6B1 w - - 0 1", true, true},    // bishop against a pawn
		{"8/6n1/4k3/8/8/4K3/8/6B1 w - - 0 1", true, true},   // bishop against a knight
		{"8/6b1/4k3/8/8/4K3/8/6B1 w - - 0 1", false, false}, // both dark
		{"8/5b2/4k3/8/8/4K3/8/6B1 w - - 0 1", true, true},
		{"8/8/4k3/8/8/4K3/8/5NN1 w - - 0 1", true, false},
		{"8/8/4k3/8/8/4K3/8/5BN1 w - - 0 1", true, false},
	} {
		p := mustParse(t, strings.Replace(c.fen, "7P w", "8 w", 1))
		if strings.Contains(c.fen, "7P w") {
			p = mustParse(t, "8/8/4k3/8/8/4K3/7P/8 w - - 0 1")
		}
		if got := p.CanMate(schemas.White); got != c.white {
			t.Errorf("%s: white can mate: %v", c.fen, got)
		}
		if got := p.CanMate(schemas.Black); got != c.black {
			t.Errorf("%s: black can mate: %v", c.fen, got)
		}
	}
}

func TestParseFENRefusesUnplayablePositions(t *testing.T) {
	t.Parallel()
	for name, fen := range map[string]string{
		"empty": "", "five fields": "8/8/4k3/8/8/4K3/8/8 w - - 0", "seven fields": StartFEN + " 1", "two spaces": strings.Replace(StartFEN, " w", "  w", 1),
		"no king": "8/8/8/8/8/4K3/8/8 w - - 0 1", "two kings": "8/8/4k3/8/8/4K1K1/8/8 w - - 0 1",
		"pawn on rank 8": "P7/8/4k3/8/8/4K3/8/8 w - - 0 1", "pawn on rank 1": "8/8/4k3/8/8/4K3/8/p7 w - - 0 1",
		"short rank": "7/8/4k3/8/8/4K3/8/8 w - - 0 1", "long rank": "8p/8/4k3/8/8/4K3/8/8 w - - 0 1", "nine ranks": "8/8/8/4k3/8/8/4K3/8/8 w - - 0 1",
		"digit 9": "9/8/4k3/8/8/4K3/8/8 w - - 0 1", "turn": "8/8/4k3/8/8/4K3/8/8 x - - 0 1",
		"rights without rook": "4k3/8/8/8/8/8/8/4K3 w K - 0 1", "rights twice": "4k3/8/8/8/8/8/8/4K2R w KK - 0 1", "rights order": "r3k3/8/8/8/8/8/8/4K2R w qK - 0 1", "no rights": "4k3/8/8/8/8/8/8/4K2R w  - 0 1",
		"en passant without pawn": "4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "en passant wrong side": "4k3/8/8/4p3/8/8/8/4K3 b - e6 0 1", "en passant square": "4k3/8/8/4p3/8/8/8/4K3 w - j6 0 1",
		"mover in check": "4k3/8/8/8/8/8/4R3/4K3 w - - 0 1", "adjacent kings": "8/8/8/3kK3/8/8/8/8 w - - 0 1",
		"negative": "8/8/4k3/8/8/4K3/8/8 w - - -1 1", "move 0": "8/8/4k3/8/8/4K3/8/8 w - - 0 0", "huge": "8/8/4k3/8/8/4K3/8/8 w - - 0 99999999999999999999",
	} {
		if p, err := ParseFEN(fen); err == nil {
			t.Errorf("%s: %q was read as %s", name, fen, p.FEN())
		}
	}
}

func TestPlayErrors(t *testing.T) {
	t.Parallel()
	p := Start()
	for uci, want := range map[string]error{
		"": ErrMalformed, "e2": ErrMalformed, "e2e9": ErrMalformed, "e2e4k": ErrMalformed, "E2E4": ErrMalformed, "e2e4qq": ErrMalformed, "e2e2": ErrMalformed, "0000": ErrMalformed,
		"e2e5": ErrIllegal, "e7e5": ErrIllegal, "e4e5": ErrIllegal, "e2e4q": ErrIllegal, "e1g1": ErrIllegal,
	} {
		if _, _, err := p.Play(uci); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", uci, err, want)
		}
	}
}

func TestPlaySANAcceptsCommonVariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fen, text, uci, san string }{
		{"r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "0-0", "e1g1", "O-O"},
		{"r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1", "O-O-O!?", "e8c8", "O-O-O"},
		{"8/4P2k/8/8/8/8/8/K7 w - - 0 1", "e8Q", "e7e8q", "e8=Q"},
		{"8/4P2k/8/8/8/8/8/K7 w - - 0 1", "e8=N", "e7e8n", "e8=N"},
		{StartFEN, "Ng1-f3", "g1f3", "Nf3"},
		{StartFEN, "Pe4", "e2e4", "e4"},
		{StartFEN, "e2-e4", "e2e4", "e4"},
		{"4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "exd6e.p.", "e5d6", "exd6"},
		{"4k3/8/8/8/8/8/R6R/4K3 w - - 0 1", "Rad2", "a2d2", "Rad2"},
		{"4k3/R7/8/8/8/8/8/R3K3 w - - 0 1", "R1a3", "a1a3", "R1a3"},
		{"8/8/k7/8/4Q2Q/8/8/K6Q w - - 0 1", "Qh4e1", "h4e1", "Qh4e1"},
		{"k7/8/1K6/8/8/8/8/7R w - - 0 1", "Rh8", "h1h8", "Rh8#"},
	} {
		_, uci, san, err := mustParse(t, c.fen).PlaySAN(c.text)
		if err != nil || uci != c.uci || san != c.san {
			t.Errorf("%s: %s %s %v, want %s %s", c.text, uci, san, err, c.uci, c.san)
		}
	}
	for _, bad := range []string{"", "N", "--", "Z0", "O", "O-O-O-O", "Nf9", "Ki1", "e4=", "Nf3=Q", "xe4 ", "e4e5e6", "Nd4"} {
		if uci, err := Start().SAN(bad); err == nil {
			t.Errorf("%q was read as %s", bad, uci)
		}
	}
	if _, err := mustParse(t, "4k3/8/8/8/8/8/R6R/4K3 w - - 0 1").SAN("Rd2"); !errors.Is(err, ErrIllegal) {
		t.Errorf("an ambiguous move: %v", err)
	}
}
