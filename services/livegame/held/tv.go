package held

import (
	"cmp"
	"container/heap"
	"strings"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// rankStep is the step in which games are ranked, in rating points: a game is shown
// instead of another only if its players' average is in a higher step.
const rankStep = 50

// channel is the public games of one speed that go on, ranked, and the game that TV
// shows. What is shown is a function of the games that go on, not of what was shown
// before, so every instance shows the same, also one that has just started. Within a
// step the older game is shown, so it changes only when it ends or when a game of a
// higher step begins (ADR 19).
type channel struct {
	ranked  byRank
	entries map[string]*entry // of ranked, by game id
	shown   *Game
	changed chan struct{} // closed when shown changes
}

type entry struct {
	game  *Game
	id    string
	step  int
	since schemas.Time
	at    int // index in the heap
}

func newChannel() *channel {
	return &channel{entries: make(map[string]*entry), changed: make(chan struct{})}
}

// stepOf is the rank of a game. The steps are shifted by half a step, so that the
// many new players, at 1500, are in the middle of one and not at its edge.
func stepOf(s *game.State) int {
	return int((s.White.Rating+s.Black.Rating+rankStep)/2) / rankStep
}

func (c *channel) update(g *Game, s *game.State, goesOn bool) {
	e, there := c.entries[s.ID]
	switch {
	case goesOn && !there && Public(s):
		e = &entry{game: g, id: s.ID, step: stepOf(s), since: s.CreatedAt}
		c.entries[s.ID] = e
		heap.Push(&c.ranked, e)
	case !goesOn && there:
		delete(c.entries, s.ID)
		heap.Remove(&c.ranked, e.at)
	}
	var best *Game
	if len(c.ranked) > 0 {
		best = c.ranked[0].game
	}
	if best != c.shown {
		c.shown = best
		c.wake()
	}
}

func (c *channel) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// OnTV returns the game that TV shows for a speed, nil if none goes on. changed is
// closed when it is worth asking again.
func (g *Games) OnTV(speed schemas.Speed) (shown *Game, changed <-chan struct{}) {
	g.running.mu.RLock()
	defer g.running.mu.RUnlock()
	c := g.running.channels[speed]
	return c.shown, c.changed
}

// wake has everybody who watches TV ask again.
func (r *running) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.channels {
		c.wake()
	}
}

type byRank []*entry

func (q byRank) Len() int { return len(q) }

func (q byRank) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(b.step, a.step), cmp.Compare(a.since, b.since), strings.Compare(a.id, b.id)) < 0
}

func (q byRank) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *byRank) Push(x any) {
	e := x.(*entry)
	e.at = len(*q)
	*q = append(*q, e)
}

func (q *byRank) Pop() any {
	last := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = nil
	*q = (*q)[:len(*q)-1]
	return last
}
