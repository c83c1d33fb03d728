package held

import (
	"cmp"
	"container/heap"
	"strings"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// rankStep is the width of a rank in rating points. A game replaces the shown one only
// if its players' average rating is in a higher step.
const rankStep = 50

// channel has the running public games of one speed, ranked, and the game that TV
// shows: the first of the highest step. Because that depends only on the running games,
// every instance shows the same game, even one that has just started. Within a step the
// oldest game is first, so the channel changes only when its game ends or when a game
// of a higher step begins (ADR 19).
type channel struct {
	ranked  byRank
	entries map[string]*entry // the entries of ranked, by game id
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

// stepOf returns the step of a game. The steps are shifted by half a step, so that 1500,
// the rating of the many new players, is in the middle of a step and not at its edge.
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

// TVGame returns the game that TV shows for a speed, nil if none is running. changed is
// closed when another game is shown, or at shutdown.
func (g *Games) TVGame(speed schemas.Speed) (shown *Game, changed <-chan struct{}) {
	g.running.mu.RLock()
	defer g.running.mu.RUnlock()
	c := g.running.channels[speed]
	return c.shown, c.changed
}

// wake makes all TV streams call TVGame again.
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
