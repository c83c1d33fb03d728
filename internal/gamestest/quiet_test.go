package gamestest_test

import (
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
)

// With this seed, the first attempt ends in a position without a quiet move.
func TestQuietGameLeavesADeadEnd(t *testing.T) {
	t.Parallel()
	const plies, seed = 74, 0x9480b49d672b0705
	moves := gamestest.QuietGame(plies, seed)
	p := rules.Start()
	for _, uci := range moves {
		next, _, err := p.Play(uci)
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	if len(moves) != plies || p.Status() != rules.None {
		t.Errorf("%d plies, status %v", len(moves), p.Status())
	}
}
