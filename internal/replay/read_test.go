package replay

import (
	"testing"

	"tabiya/internal/core/pgn"
	"tabiya/internal/gamestest"
)

func TestReadFindsEveryGameAndPlyOfRealFiles(t *testing.T) {
	t.Parallel()
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			games, skipped, reasons := make(chan game), 0, map[string]int{}
			done := make(chan error, 1)
			go func() {
				done <- read(t.Context(), file.Open(t), 0, games, func(_, reason string) { skipped++; reasons[reason]++ })
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
			if playable != file.Games-file.SetUp || skipped != file.SetUp {
				t.Errorf("%d games and %d skipped (%v), not %d and %d", playable, skipped, reasons, file.Games-file.SetUp, file.SetUp)
			}
			if want := file.Plies - file.SetUpPlies; plies != want {
				t.Errorf("%d plies, not %d", plies, want)
			}
			count, err := pgn.Count(file.Open(t))
			if err != nil || count != file.Games {
				t.Errorf("counted %d games: %v", count, err)
			}
		})
	}
}
