package rules

import (
	"strings"
	"testing"
)

func TestParseStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fen, reason string }{
		{StartFEN, ""},
		{"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", ""},
		{"8/8/8/8/8/5k2/8/4K2q w - - 149 9000", ""},                               // in check, a ply before the 75th move
		{"rnbqkbnr/ppp1pppp/8/8/3pP3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 2", ""},      // a pawn can capture there
		{"rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1", ""},       // no pawn can
		{"QQQQQQQQ/QRR1k3/8/8/8/8/8/K7 w - - 0 9", "the side that just moved"},    //
		{"NNNNNNNN/1Q6/8/1k6/8/8/8/KBR5 b - - 0 9", ""},                           // 8 promoted pieces, 8 missing pawns
		{"4k3/8/8/8/8/8/8/K7 w - - 0", "want six fields"},                         // refused by ParseFEN, with its reason
		{"4k3/8/8/8/8/8/7R/K7 w K - 0 1", "a castling right lacks"},               //
		{"4k3/8/8/8/8/8/8/K6R w - e3 0 1", "no pawn has just passed"},             //
		{"4k3/pppppppp/p7/8/8/8/8/K7 w - - 0 9", "more than 8 pawns"},             //
		{"k7/8/2NNNNN1/8/1NNNNN2/5RRR/8/K1BBBBB1 w - - 0 9", "more than 16 men"},  //
		{"1k6/8/8/8/8/Q1Q5/PPPPPPPP/K7 w - - 0 9", "promoted"},                    //
		{"k7/8/8/8/8/B1B5/PPPPPPPP/K7 w - - 0 9", "promoted"},                     // both dark
		{"k7/8/8/8/8/BB6/PPPPPPPP/K7 w - - 0 9", ""},                              //
		{"k7/8/8/8/8/NNN5/PPPPPPP1/K7 w - - 0 9", ""},                             //
		{"k7/8/8/8/8/NNN5/PPPPPPPP/K7 w - - 0 9", "promoted"},                     //
		{"3k4/8/8/8/8/RRR5/PPPPPPPP/K7 w - - 0 9", "promoted"},                    //
		{"4k3/8/3N1N2/8/4R3/8/8/K7 b - - 0 9", "more than two"},                   //
		{"R3k2R/8/8/8/8/8/8/K7 b - - 0 9", "along one line"},                      //
		{"8/6B1/8/4k3/8/2Q5/8/K7 b - - 0 9", "along one line"},                    //
		{"4k3/8/3N4/8/4R3/8/8/K7 b - - 0 9", ""},                                  // a discovered double check
		{"8/8/8/8/4Pk2/8/8/K5R1 b - e3 0 9", ""},                                  // not a check
		{"8/8/8/3k4/4P3/8/8/K7 b - e3 0 9", ""},                                   // by the pawn
		{"8/8/8/8/1k2P3/8/8/K3B3 b - e3 0 9", "this check"},                       // a check from before the pawn's move
		{"8/8/8/3k4/4P3/8/8/K2R4 b - e3 0 9", "this check"},                       //
		{"8/8/8/7k/4P3/8/8/K2B4 b - e3 0 9", ""},                                  // the pawn opened the line
		{"4k3/8/8/8/4P3/8/8/K7 b - e3 1 9", "the half-move clock is 0"},           //
		{"4k3/8/8/8/8/8/4P3/K7 b - - 2 1", "more plies"},                          //
		{"4k3/8/8/8/8/8/4P3/K7 b - - 1 1", ""},                                    //
		{"4k3/8/8/8/8/8/4P3/K7 w - - 1 1", "more plies"},                          //
		{"4k3/8/8/8/8/8/4P3/K7 w - - 0 9001", "at most 9000"},                     //
		{"4k3/8/8/8/8/8/4P3/K7 w - - 150 200", "75 moves"},                        //
		{"R5k1/5ppp/8/8/8/8/8/K7 b - - 150 200", "checkmate"},                     // also on the 75th move
		{"7k/5Q2/6K1/8/8/8/8/8 b - - 0 9", "stalemate"},                           //
		{"8/8/4k3/8/8/4KB2/8/8 b - - 0 9", "neither side has the material"},       //
		{"k7/8/8/8/8/8/8/K7 w - - 9999 9999 " + strings.Repeat("x", 1000), "six"}, //
		{strings.Repeat("8/", 1_000_000), "six fields"},                           //
	} {
		p, err := ParseStart(c.fen)
		switch {
		case err == nil && c.reason != "":
			t.Errorf("%.100s was accepted, want: %s", c.fen, c.reason)
		case err != nil && (c.reason == "" || !strings.Contains(err.Error(), c.reason)):
			t.Errorf("%.100s: %v, want: %q", c.fen, err, c.reason)
		case err != nil && len(err.Error()) > 250:
			t.Errorf("an error of %d bytes", len(err.Error()))
		case err == nil && p != mustParse(t, p.FEN()):
			t.Errorf("%s was written as %s", c.fen, p.FEN())
		}
	}
}
