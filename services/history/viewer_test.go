package history

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

// A private game is there for its players and for services, and for nobody else:
// not by its id, not in a list, not in an export.
func TestAPrivateGameIsForItsPlayers(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	h := build(t, pool)
	me := schemas.NewID()
	games := play(rand.New(rand.NewPCG(5, 5)), me, 20)
	var open []string
	for i := range games {
		games[i].Private = i%2 == 0
		if !games[i].Private {
			open = append(open, games[i].ID)
		}
	}
	save(t, pool, games)
	secret := games[0]
	foe := secret.Black.PlayerID
	if foe == me {
		foe = secret.White.PlayerID
	}
	var all, ours []string // as I see them, and as my opponent in that game does
	for _, g := range games {
		all = append(all, g.ID)
		if !g.Private || g.White.PlayerID == foe || g.Black.PlayerID == foe {
			ours = append(ours, g.ID)
		}
	}

	for _, c := range []struct {
		name, token string
		listed      []string
		seen        bool
	}{
		{"nobody", "", open, false},
		{"a stranger", h.player(schemas.NewID()), open, false},
		{"the player", h.player(me), all, true},
		{"the opponent", h.player(foe), ours, true},
		{"a service", h.service(), all, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.token != "" {
				headers = []string{"Authorization", "Bearer " + c.token}
			}
			one, _ := h.get("/v1/history/games/"+secret.ID, "", headers...)
			if seen := one.StatusCode == 200; seen != c.seen || !seen && one.StatusCode != 404 {
				t.Errorf("the game: %d", one.StatusCode)
			}
			var listed []string
			for next := ""; ; {
				path := "/v1/history/players/" + me + "/games?limit=3"
				if next != "" {
					path += "&cursor=" + next
				}
				var page pageView
				h.read(path, &page, headers...)
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

func (h *house) player(id string) string {
	h.t.Helper()
	token, _, err := h.signer.Player(id, time.Now(), time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) service() string {
	h.t.Helper()
	token, _, err := h.signer.Service("tests", time.Now(), time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}
