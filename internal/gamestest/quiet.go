package gamestest

import (
	"math/rand/v2"
	"strings"

	"tabiya/internal/core/rules"
)

// maxTries is many times the number of legal moves.
const maxTries = 2000

// QuietGame returns a legal game of that many plies without captures and checks, always
// the same for a seed.
func QuietGame(plies int, seed uint64) (moves []string) {
	chance := rand.New(rand.NewPCG(1, seed))
	p, seen, tries := rules.Start(), map[uint64]int{}, 0
	for len(moves) < plies {
		if tries++; tries > maxTries { // no quiet move is left
			p, seen, tries, moves = rules.Start(), map[uint64]int{}, 0, nil
		}
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
		moves, p, tries = append(moves, uci), next, 0
	}
	return moves
}
