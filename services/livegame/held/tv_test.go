package held

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Instances that have folded the same events show the same game, whatever the order of
// the partitions. The shown game changes only when it ends or when a game of a higher
// step begins.
func TestAllInstancesShowTheSameGame(t *testing.T) {
	t.Parallel()
	type change struct {
		game *game.State
		live bool
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		games := map[string]*Game{}
		var partitions [3][]change
		for n := range 30 {
			points := float64(1400 + random.IntN(300))
			s := &game.State{
				ID: schemas.DerivedID("game", "test", int64(n)), CreatedAt: schemas.Time(random.IntN(20)),
				White: schemas.Seated{Rating: points}, Black: schemas.Seated{Rating: points},
			}
			games[s.ID] = &Game{state: s}
			p := &partitions[n%3]
			*p = append(*p, change{s, true})
			if random.IntN(3) > 0 {
				at := slices.Index(*p, change{s, true}) + 1
				*p = slices.Insert(*p, at+random.IntN(len(*p)-at+1), change{s, false})
			}
		}
		var shown []string
		for range 4 {
			c, left := newChannel(), partitions
			for len(left[0])+len(left[1])+len(left[2]) > 0 {
				p := &left[random.IntN(3)]
				if len(*p) == 0 {
					continue
				}
				next, before := (*p)[0], c.shown
				*p = (*p)[1:]
				c.update(games[next.game.ID], next.game, next.live)
				switch after := c.shown; {
				case before == nil || after == before || (!next.live && before.state == next.game):
				case next.live && after.state == next.game && stepOf(after.state) > stepOf(before.state):
				case next.live && after.state == next.game && stepOf(after.state) == stepOf(before.state) && next.game.CreatedAt <= before.state.CreatedAt:
					// an older game, whose partition was read later
				default:
					t.Fatalf("seed %d: the shown game changed without a reason", seed)
				}
			}
			last := ""
			if c.shown != nil {
				last = c.shown.state.ID
			}
			if shown = append(shown, last); last != shown[0] {
				t.Fatalf("seed %d: %v", seed, shown)
			}
		}
	}
}

// Each game is named by its average rating and is created a second after the previous
// one. shows is 0 if no game is shown.
func TestTVChangesOnlyToAHigherStep(t *testing.T) {
	t.Parallel()
	type turn struct{ begins, ends, shows float64 }
	for _, c := range []struct {
		name  string
		turns []turn
	}{
		{"one point above, in the next step", []turn{{begins: 2024, shows: 2024}, {begins: 2025, shows: 2025}}},
		{"49 points above, in the same step", []turn{{begins: 1975, shows: 1975}, {begins: 2024, shows: 1975}}},
		{"half a point below the next step", []turn{{begins: 1975, shows: 1975}, {begins: 2024.5, shows: 1975}}},
		{"one point below, in the step before", []turn{{begins: 2025, shows: 2025}, {begins: 2024, shows: 2025}}},
		{"two steps up", []turn{{begins: 1924, shows: 1924}, {begins: 2025, shows: 2025}}},
		{"a game that is not shown ends", []turn{{begins: 2025, shows: 2025}, {begins: 2024, shows: 2025}, {ends: 2024, shows: 2025}}},
		{"one point below and one above 1500", []turn{{begins: 1499, shows: 1499}, {begins: 1500, shows: 1499}, {begins: 1501, shows: 1499}}},
		{"the shown game ends: the highest step is next, and in it the oldest game", []turn{
			{begins: 2075, shows: 2075}, {begins: 1974, shows: 2075}, {begins: 1976, shows: 2075}, {begins: 2024, shows: 2075}, {begins: 1975, shows: 2075},
			{ends: 2075, shows: 1976}, {ends: 1976, shows: 2024}, {ends: 2024, shows: 1975}, {ends: 1975, shows: 1974}, {ends: 1974, shows: 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			channel, games, shown := newChannel(), map[float64]*Game{}, 0.0
			for n, turn := range c.turns {
				points, begins := turn.begins+turn.ends, turn.begins > 0
				if begins {
					games[points] = &Game{state: &game.State{
						ID: schemas.NewID(), CreatedAt: schemas.Time(1000 * n),
						White: schemas.Seated{Rating: points + 325}, Black: schemas.Seated{Rating: points - 325},
					}}
				}
				changed := channel.changed
				channel.update(games[points], games[points].state, begins)
				if channel.shown != games[turn.shows] {
					t.Fatalf("turn %d: %+v, want %v", n, channel.shown, turn.shows)
				}
				select {
				case <-changed:
					if turn.shows == shown {
						t.Errorf("turn %d: changed is closed without a change", n)
					}
				default:
					if turn.shows != shown {
						t.Errorf("turn %d: changed is not closed", n)
					}
				}
				shown = turn.shows
			}
		})
	}
}
