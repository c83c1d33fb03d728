package gamestest

import (
	"math/rand/v2"
	"strings"

	"tabiya/internal/core/rules"
)

// QuietGame returns a legal game of that many plies without captures and checks, always
// the same for a seed.
func QuietGame(plies int, seed uint64) (moves []string) {
	chance := rand.New(rand.NewPCG(1, seed))
	for p, seen := rules.Start(), map[uint64]int{}; len(moves) < plies; {
		legal := p.LegalMoves()
		uci := legal[chance.IntN(len(legal))]
		next, san, err := p.Play(uci)
		if err != nil || next.Status() != rules.None || strings.ContainsAny(san, "x+") {
			continue
		}
		// Save pawn moves until the fifty-move rule comes near.
		if pawn := next.HalfmoveClock() == 0; pawn && p.HalfmoveClock() < 90 || seen[next.Key()] == 2 {
			continue
		}
		seen[next.Key()]++
		moves, p = append(moves, uci), next
	}
	return moves
}
