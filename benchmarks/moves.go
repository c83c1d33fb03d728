package main

import (
	"fmt"
	"math/rand/v2"

	"tabiya/internal/core/rules"
)

// longGames makes n different legal games of exactly that many plies, none of which ends
// on the way. The moves are random from a fixed seed, so every run plays the same games.
// They are in UCI notation.
func longGames(n, plies int) ([][]string, error) {
	r := rand.New(rand.NewPCG(1, 2))
	games := make([][]string, 0, n)
	for tries := 0; len(games) < n; tries++ {
		if tries > 200*n {
			return nil, fmt.Errorf("only %d of %d random games lasted %d plies", len(games), n, plies)
		}
		if moves, ok := randomGame(r, plies); ok {
			games = append(games, moves)
		}
	}
	return games, nil
}

// randomGame avoids draws by fivefold repetition and by 75 moves without progress. ok is
// false if the game ended all the same.
func randomGame(r *rand.Rand, plies int) (moves []string, ok bool) {
	p := rules.Start()
	seen := map[uint64]int{}
	for len(moves) < plies {
		legal := p.LegalMoves()
		if len(legal) == 0 {
			return nil, false
		}
		// A few tries for a move that keeps pieces on the board.
		var next rules.Position
		var uci string
		// Prefer moves that keep the pieces on the board.
		for range 8 {
			uci = legal[r.IntN(len(legal))]
			q, san, err := p.Play(uci)
			if err != nil {
				return nil, false
			}
			next = q
			if !containsCapture(san) {
				break
			}
		}
		p = next
		seen[p.Key()]++
		if p.Status() != rules.None || seen[p.Key()] >= 4 || p.HalfmoveClock() >= 140 {
			return nil, false
		}
		moves = append(moves, uci)
	}
	return moves, true
}

func containsCapture(san string) bool {
	for i := range len(san) {
		if san[i] == 'x' {
			return true
		}
	}
	return false
}
