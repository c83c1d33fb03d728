package history

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

// register writes an account.
func register(t *testing.T, pool *pgxpool.Pool, playerID, handle string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), "INSERT INTO accounts (id, handle, handle_lower, password_hash, region) VALUES ($1, $2, $3, '', 'eu') ON CONFLICT DO NOTHING",
		playerID, handle, strings.ToLower(handle))
	if err != nil {
		t.Fatal(err)
	}
}

func TestGamesAreListedByHandle(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	save(t, pool, randomGames(rand.New(rand.NewPCG(5, 5)), playerID, 5))
	register(t, pool, playerID, "Ada-L")
	var byID, byHandle pageView
	rig.read("/v1/history/players/"+playerID+"/games", &byID)
	rig.read("/v1/history/players/ada-l/games?limit=2", &byHandle)
	if len(byID.Games) != 5 || len(byHandle.Games) != 2 || byHandle.Games[0].ID != byID.Games[0].ID {
		t.Fatalf("%d games by id, %d by handle", len(byID.Games), len(byHandle.Games))
	}
	// A cursor is of the player, however they are named.
	rig.read("/v1/history/players/"+playerID+"/games?cursor="+byHandle.Next, &byHandle)
	if len(byHandle.Games) != 3 {
		t.Errorf("%d games on the next page", len(byHandle.Games))
	}
}
