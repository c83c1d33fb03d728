package history

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

func TestPrivateGameVisibleOnlyToItsPlayersAndServices(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	games := randomGames(rand.New(rand.NewPCG(5, 5)), playerID, 20)
	var public []string
	for i := range games {
		games[i].Private = i%2 == 0
		if !games[i].Private {
			public = append(public, games[i].ID)
		}
	}
	save(t, pool, games)
	private := games[0]
	opponent := private.Black.PlayerID
	if opponent == playerID {
		opponent = private.White.PlayerID
	}
	var all, shared []string // as the player sees them, and as the opponent in the private game does
	for _, g := range games {
		all = append(all, g.ID)
		if !g.Private || g.White.PlayerID == opponent || g.Black.PlayerID == opponent {
			shared = append(shared, g.ID)
		}
	}

	for _, c := range []struct {
		name, token string
		listed      []string
		seen        bool
	}{
		{"without a token", "", public, false},
		{"another player", rig.player(schemas.NewID()), public, false},
		{"the player", rig.player(playerID), all, true},
		{"the opponent", rig.player(opponent), shared, true},
		{"a service", rig.service(), all, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.token != "" {
				headers = []string{"Authorization", "Bearer " + c.token}
			}
			one, _ := rig.get("/v1/history/games/"+private.ID, "", headers...)
			if seen := one.StatusCode == 200; seen != c.seen || !seen && one.StatusCode != 404 {
				t.Errorf("game: %d", one.StatusCode)
			}
			var listed []string
			for next := ""; ; {
				path := "/v1/history/players/" + playerID + "/games?limit=3"
				if next != "" {
					path += "&cursor=" + next
				}
				var page pageView
				rig.read(path, &page, headers...)
				listed = append(listed, ids(page.Games)...)
				if next = page.Next; next == "" {
					break
				}
			}
			if !slices.Equal(listed, c.listed) {
				t.Errorf("listed %d games, want %d", len(listed), len(c.listed))
			}
		})
	}
}

func (r *rig) player(id string) string {
	r.t.Helper()
	token, _, err := r.signer.Player(id, time.Now(), time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) service() string {
	r.t.Helper()
	token, _, err := r.signer.Service("tests", time.Now(), time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}
