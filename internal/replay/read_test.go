package replay

import (
	"os"
	"path/filepath"
	"testing"
)

func realGames(t testing.TB, name string) *os.File {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "..", "shared", "games", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func TestReadFindsEveryGameAndPlyOfRealFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                  string
		playable, skip, plies int
	}{
		{"lichess-blitz-rapid-1000.pgn", 978, 22, 73_517},
		{"womens-world-rapid-2024-605.pgn", 605, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			games, skipped, reasons := make(chan game), 0, map[string]int{}
			done := make(chan error, 1)
			go func() {
				done <- read(t.Context(), realGames(t, test.name), 0, games, func(_, reason string) { skipped++; reasons[reason]++ })
				close(games)
			}()
			playable, plies := 0, 0
			for g := range games {
				playable++
				plies += len(g.moves)
				if g.white == "" || g.black == "" {
					t.Errorf("%s has no names", g.place)
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if playable != test.playable || skipped != test.skip {
				t.Errorf("%d games and %d skipped (%v), not %d and %d", playable, skipped, reasons, test.playable, test.skip)
			}
			if plies != test.plies {
				t.Errorf("%d plies, not %d", plies, test.plies)
			}
			count, err := Count(realGames(t, test.name))
			if err != nil || count != test.playable+test.skip {
				t.Errorf("counted %d games: %v", count, err)
			}
		})
	}
}
