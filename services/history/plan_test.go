package history

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

func TestGameIsLookedUpInTheMonthOfItsEndAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	games := randomGames(rand.New(rand.NewPCG(3, 4)), schemas.NewID(), 200)
	save(t, db.Pool, games)
	if all := db.MonthsRead(t, "SELECT FROM games"); len(all) < 2 {
		t.Fatalf("the games are of %v", all)
	}
	g := games[len(games)/2]
	want := []string{"games_" + g.EndedAt.Std().UTC().Format("2006_01")}
	for _, query := range []string{selectGame, selectPlayed} {
		if got := db.MonthsRead(t, query, g.ID); !slices.Equal(got, want) {
			t.Errorf("%s\nreads %v, want %v", query, got, want)
		}
		if got := db.MonthsRead(t, query, schemas.NewID()); len(got) != 0 {
			t.Errorf("%s\nreads %v for an unknown game", query, got)
		}
	}
}
