package oracletest_test

import (
	"slices"
	"strings"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/core/rules/oracletest"
)

// reason is part of an error of ParseStart, and the names of which python-chess must report
// at least one. It need not if there are none, or if exempt returns true.
type reason struct {
	ours   string
	theirs []string
	exempt func(fen string) bool
}

var reasons = []reason{
	{ours: "each side has one king", theirs: []string{"NO_WHITE_KING", "NO_BLACK_KING", "TOO_MANY_KINGS"}},
	{ours: "a pawn is on the first or last rank", theirs: []string{"PAWNS_ON_BACKRANK"}},
	{ours: "the side that just moved is in check", theirs: []string{"OPPOSITE_CHECK"}},
	{ours: "a castling right lacks", theirs: []string{"BAD_CASTLING_RIGHTS"}, exempt: longWithoutRook},
	{ours: "no pawn has just passed", theirs: []string{"INVALID_EP_SQUARE"}},
	{ours: "more than 16 men", theirs: []string{"TOO_MANY_WHITE_PIECES", "TOO_MANY_BLACK_PIECES"}},
	{ours: "more than 8 pawns", theirs: []string{"TOO_MANY_WHITE_PAWNS", "TOO_MANY_BLACK_PAWNS"}},
	{ours: "more than two pieces give check", theirs: []string{"TOO_MANY_CHECKERS"}},
	{ours: "along one line", theirs: []string{"IMPOSSIBLE_CHECK"}},
	{ours: "cannot have given this check", theirs: []string{"IMPOSSIBLE_CHECK"}},
	{ours: "over: checkmate", theirs: []string{"CHECKMATE"}},
	{ours: "over: stalemate", theirs: []string{"STALEMATE", "INSUFFICIENT_MATERIAL"}}, // see statusOf
	{ours: "over: neither side", theirs: []string{"INSUFFICIENT_MATERIAL"}},
	{ours: "over: 75 moves", theirs: []string{"SEVENTYFIVE_MOVES"}},

	{ours: "more promoted pieces"},                // python-chess does not count promotions
	{ours: "the half-move clock counts more"},     // python-chess does not check the counters
	{ours: "the half-move clock is 0"},            // likewise
	{ours: "castling rights are - or some of KQ"}, // python-chess accepts QK
}

// longWithoutRook reports a right to castle long without any rook on the back rank.
// python-chess drops it silently.
func longWithoutRook(fen string) bool {
	f := strings.Fields(fen)
	ranks := strings.Split(f[0], "/")
	return strings.Contains(f[2], "Q") && !strings.Contains(ranks[7], "R") || strings.Contains(f[2], "q") && !strings.Contains(ranks[0], "r")
}

func (r reason) agrees(fen string, theirs []string) bool {
	return r.theirs == nil || r.exempt != nil && r.exempt(fen) ||
		slices.ContainsFunc(r.theirs, func(name string) bool { return slices.Contains(theirs, name) })
}

func TestOracleStartingPositions(t *testing.T) {
	t.Parallel()
	seen := census{}
	fens := oracletest.MutatedFENs(3, oracletest.Plies(t, 20_000)/4)
	oracle := oracletest.New(t)
	for batch := range slices.Chunk(fens, 500) {
		for i, theirs := range oracle.StartProblems(batch) {
			fen := batch[i]
			p, err := rules.ParseStart(fen)
			if err == nil {
				if seen["accepted"]++; len(theirs) > 0 {
					t.Errorf("%s was accepted as %s, python-chess says %v", fen, p.FEN(), theirs)
				}
				continue
			}
			known := slices.IndexFunc(reasons, func(r reason) bool { return strings.Contains(err.Error(), r.ours) })
			if known < 0 {
				t.Errorf("an error without an entry in reasons: %v", err)
				continue
			}
			r := reasons[known]
			if seen[r.ours]++; !r.agrees(fen, theirs) {
				t.Errorf("%v; python-chess says %v", err, theirs)
			}
		}
	}
	t.Logf("%v", seen)
	for _, r := range reasons {
		if len(fens) >= 5000 {
			seen.require(t, r.ours)
		}
	}
}
