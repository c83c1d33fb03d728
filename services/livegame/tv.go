package livegame

import (
	"cmp"
	"container/heap"
	"strings"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// clearlyBetter is the step in which games are ranked, in rating points: a game
// is shown instead of another if its players' average is in a higher step.
const clearlyBetter = 50

// channel is a speed's public games that go on, the best first, and the one that
// is shown. What is shown is a function of the games that go on, whatever was
// shown before: so all instances show the same, one that starts now too. Within a
// step the older game is shown, so it changes only when the game ends or when one
// of a higher step begins (ADR 19).
type channel struct {
	ranked  byRank
	entries map[string]*entry // of ranked, by game id
	shown   *board
	changed chan struct{} // closed when shown changes
}

type entry struct {
	board *board
	id    string
	step  int
	since schemas.Time
	at    int // in the heap
}

func newChannel() *channel {
	return &channel{entries: make(map[string]*entry), changed: make(chan struct{})}
}

// stepOf is the step of a game. New players, who are many, stand in the middle of
// theirs: a point more or less is none to turn away for.
func stepOf(s *game.State) int {
	return int((s.White.Rating+s.Black.Rating+clearlyBetter)/2) / clearlyBetter
}

// note takes a game in or out.
func (c *channel) note(b *board, s *game.State, live bool) {
	e, there := c.entries[s.ID]
	switch {
	case live && !there && public(s):
		e = &entry{board: b, id: s.ID, step: stepOf(s), since: s.CreatedAt}
		c.entries[s.ID] = e
		heap.Push(&c.ranked, e)
	case !live && there:
		delete(c.entries, s.ID)
		heap.Remove(&c.ranked, e.at)
	}
	var best *board
	if len(c.ranked) > 0 {
		best = c.ranked[0].board
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

// onTV gives the game that a speed shows, nil if none goes on, and what is closed
// when that is worth asking again.
func (r *running) onTV(speed schemas.Speed) (b *board, changed <-chan struct{}) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c := r.channels[speed]
	return c.shown, c.changed
}

// wake has all who watch TV ask again.
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
