package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Play decides by itself whether a move is legal. It must agree with the library's list.
func TestPlayAcceptsExactlyTheLegalMovesOfTheLibrary(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	starts := []string{
		StartFEN,
		"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
		"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", // en passant would expose the king
		"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
		"7k/8/1N3N2/8/8/1N3N2/8/K2R1R2 w - - 0 1", // SAN by file, rank and both
	}
	played := 0
	for played < 150 {
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

// Positions in which hasStep finds few men that can move.
func TestStatusWithFewOrNoMovesLeft(t *testing.T) {
	t.Parallel()
	for fen, moves := range map[string]int{
		"7k/5Q2/6K1/8/8/8/8/8 b - - 0 1":                                 0, // stalemate
		"7k/6Q1/6K1/8/8/8/8/8 b - - 0 1":                                 0, // mate
		"8/8/8/8/8/1k6/p1q5/K7 w - - 0 1":                                0, // stalemate, the king is next to a pawn
		"k7/8/8/8/8/8/2q2p2/K4N2 w - - 0 1":                              4, // only a knight can move
		"8/P7/8/8/8/7k/7p/7K w - - 0 1":                                  4, // only promotions
		"7k/8/8/8/8/p1p5/1r6/K7 w - - 0 1":                               0, // the rook is defended
		"7k/8/8/8/8/2p5/1r6/K7 w - - 0 1":                                0,
		"7k/8/8/8/8/8/1r6/K7 w - - 0 1":                                  1, // the king can capture
		"5k2/5P2/5K2/8/8/8/8/8 b - - 0 1":                                0,
		"rnbqkbnr/pppp1Qpp/8/4p3/2B1P3/8/PPPP1PPP/RNB1K1NR b KQkq - 0 3": 0,
	} {
		p := mustParse(t, fen)
		legal := p.LegalMoves()
		if over := p.Status() == Checkmate || p.Status() == Stalemate; len(legal) != moves || over != (moves == 0) || over && p.hasStep() {
			t.Errorf("%s: %v, want %d; status %d", fen, legal, moves, p.Status())
		}
	}
}

// checkAllMoves tries every move that UCI can express.
func checkAllMoves(t *testing.T, p Position, legal []string) {
	t.Helper()
	if status := p.Status(); (len(legal) == 0) != (status == Checkmate || status == Stalemate) || p.hasStep() && len(legal) == 0 {
		t.Fatalf("status %d and %d legal moves in %s", status, len(legal), p.FEN())
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
