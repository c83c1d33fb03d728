package livegame

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/internal/game"
	"tabiya/schemas"
)

// Whatever the order in which the partitions' events come, those who have folded
// the same show the same, and it changes only when the game ends or when one of a
// higher step begins.
func TestAllInstancesShowTheSame(t *testing.T) {
	t.Parallel()
	type change struct {
		game *game.State
		live bool
	}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		boards := map[string]*board{}
		var partitions [3][]change
		for n := range 30 {
			points := float64(1400 + random.IntN(300))
			s := &game.State{
				ID: schemas.DerivedID("game", "test", int64(n)), CreatedAt: schemas.Time(random.IntN(20)),
				White: schemas.Seated{Rating: points}, Black: schemas.Seated{Rating: points},
			}
			boards[s.ID] = &board{state: s}
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
				c.note(boards[next.game.ID], next.game, next.live)
				switch after := c.shown; {
				case before == nil || after == before || (!next.live && before.state == next.game):
				case next.live && after.state == next.game && stepOf(after.state) > stepOf(before.state):
				case next.live && after.state == next.game && stepOf(after.state) == stepOf(before.state) && next.game.CreatedAt <= before.state.CreatedAt:
					// an older one, of which another partition tells late
				default:
					t.Fatalf("seed %d: it changed for nothing", seed)
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
