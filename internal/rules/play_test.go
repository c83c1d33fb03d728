package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Which moves are legal is the library's list, whatever Play finds by itself.
func TestPlayTakesTheMovesOfTheLibraryAndNoOthers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	starts := []string{
		StartFEN,
		"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
		"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", // en passant that opens a rank
		"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
		"7k/8/1N3N2/8/8/1N3N2/8/K2R1R2 w - - 0 1", // SAN by file, rank and both
	}
	played := 0
	for played < 300 {
		p := mustParse(t, starts[r.IntN(len(starts))])
		for range 60 {
			legal := p.LegalMoves()
			checkAllMoves(t, p, legal)
			if len(legal) == 0 {
				break
			}
			p, _, _ = p.Play(legal[r.IntN(len(legal))])
			played++
		}
	}
}

// checkAllMoves tries every move that can be written.
func checkAllMoves(t *testing.T, p Position, legal []string) {
	t.Helper()
	if p.steps() && len(legal) == 0 {
		t.Fatalf("no move is legal in %s", p.FEN())
	}
	taken := 0
	for from := range Move(64) {
		for to := range Move(64) {
			for promotion := range Move(5) {
				m := from | to<<6 | promotion<<12
				if from == to {
					continue
				}
				next, san, err := p.Play(m.UCI())
				if (err == nil) != slices.Contains(legal, m.UCI()) {
					t.Fatalf("%s in %s: %v, but legal are %v", m.UCI(), p.FEN(), err, legal)
				}
				if err != nil {
					continue
				}
				taken++
				if back, uci, _, err := p.PlaySAN(san); err != nil || uci != m.UCI() || back != next {
					t.Fatalf("%s in %s is read as %s, %v", san, p.FEN(), uci, err)
				}
			}
		}
	}
	if taken != len(legal) {
		t.Fatalf("%d of %d moves in %s", taken, len(legal), p.FEN())
	}
}
