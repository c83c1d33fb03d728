package livegame

import (
	"fmt"
	"slices"
	"sync"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// board is one game as it is held here, and who watches it.
type board struct {
	mu       sync.Mutex
	state    *game.State // immutable; nil while only later events are known
	watchers []watcher
	ahead    []logged // events behind a gap, until a row fills it
	gone     departures
	dropped  bool // not in the hub any more: look again
	bygone   bool // not in the hub: there is nothing but the past

	spectators int // watchers that are none of the players
	told       int // how many they were when the watchers were told last
}

type watcher struct {
	box       *outbox
	from      int64 // events before it are not wanted
	spectates bool  // is none of the players
	counts    bool  // wants to be told how many spectate
}

// logged is an event as it came from the log.
type logged struct {
	event schemas.Event
	raw   []byte
	at    schemas.Time // when the log got it
}

// departures are when the log began to tell that a side is gone; 0 while it is
// there.
type departures struct{ white, black schemas.Time }

func (d *departures) of(c schemas.Color) *schemas.Time {
	if c == schemas.White {
		return &d.white
	}
	return &d.black
}

// from are the departures as if the log had told of none before since.
func (d departures) from(since schemas.Time) departures {
	for _, at := range [...]*schemas.Time{&d.white, &d.black} {
		if *at != 0 {
			*at = max(*at, since)
		}
	}
	return d
}

// note takes the step from one state to the next, which the log got then.
func (d *departures) note(before, after *game.State, at schemas.Time) {
	for _, c := range [...]schemas.Color{schemas.White, schemas.Black} {
		switch gone := after.GoneSince(c); {
		case gone == 0:
			*d.of(c) = 0
		case before == nil || before.GoneSince(c) != gone:
			*d.of(c) = at
		}
	}
}

// maxAhead bounds what waits behind a gap: a game has as many events more than
// plies, if its players make all the offers that they may.
const maxAhead = 3 * game.MaxPlies

// folded is what a new event led to.
type folded struct {
	event schemas.Event
	raw   []byte // the envelope
	at    standing
	late  bool // the game had been let go
}

// step says what a board made of an event.
type step uint8

const (
	stepped step = iota // folded
	known               // it was folded before
	gap                 // an event before it is missing
)

// fold takes the event from the log and hands it to the watchers; woken collects
// their outboxes, which the caller wakes. The folded envelope may be kept.
func (b *board) fold(l logged, woken *[]*outbox) (folded, step, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.foldLocked(l, woken)
}

func (b *board) foldLocked(l logged, woken *[]*outbox) (folded, step, error) {
	ev := l.event
	var seq int64
	if b.state != nil {
		seq = b.state.Seq
	}
	switch {
	case ev.Seq <= seq:
		return folded{}, known, nil
	case ev.Seq > seq+1:
		if len(b.ahead) < maxAhead {
			l.raw = slices.Clone(l.raw) // it is a piece of a whole fetch
			b.ahead = append(b.ahead, l)
		}
		return folded{}, gap, nil
	}
	next, err := game.Apply(b.state, ev)
	if err != nil {
		return folded{}, gap, fmt.Errorf("apply event %d of game %s: %w", ev.Seq, ev.Key, err)
	}
	b.gone.note(b.state, next, l.at)
	b.state = compacted(next)
	i := eventItem(ev.Seq, l.raw)
	b.tell(i, woken)
	return folded{ev, i.event(), standingOf(b.state), b.dropped}, stepped, nil
}

// compactEvery is after how many events a game's history is put in one piece.
const compactEvery = 32

// compacted is s with its history in one piece. What is folded on top of a piece
// is copied with each event, so without this a move late in a game would cost
// more than an early one.
func compacted(s *game.State) *game.State {
	if s.Seq%compactEvery != 0 {
		return s
	}
	c, err := game.DecodeBody(s.ID, s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s))
	if err != nil {
		return s // the same game, only slower
	}
	return c
}

func (b *board) tell(i item, woken *[]*outbox) {
	for _, w := range b.watchers {
		if i.seq >= w.from {
			w.box.put(i)
			*woken = append(*woken, w.box)
		}
	}
}

// install takes a row of games-table: if it knows more than the fold, its events
// are told as if they had come from the log, and so are those that waited behind
// the gap. closed is false if there is still one.
func (b *board) install(found tableRow, woken *[]*outbox) (all []folded, closed bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	row := found.state
	if row != nil && (b.state == nil || row.Seq > b.state.Seq) {
		b.gone.note(b.state, row, found.at)
	}
	switch {
	case b.state == nil:
		b.state = row // nobody could watch it, so there is nobody to be told
	case row != nil && row.Seq > b.state.Seq:
		at := standingOf(b.state)
		for _, ev := range row.Events(b.state.Seq + 1) {
			at = at.after(ev)
			i := eventItem(ev.Seq, ev.Record().Value)
			b.tell(i, woken)
			all = append(all, folded{event: ev, raw: i.event(), at: at})
		}
		b.state = row
	}
	waiting := b.ahead
	b.ahead = nil
	for _, a := range waiting {
		f, how, err := b.foldLocked(a, woken)
		if err != nil {
			return all, false, err
		}
		if how == known { // the row has it: nobody has been answered by it yet
			f = folded{event: a.event, raw: a.raw}
			_, f.at = standingAt(b.state, a.event.Seq)
		}
		if how != gap {
			all = append(all, f)
		}
	}
	return all, len(b.ahead) == 0, nil
}

// snapshot is the game as it stands; nil if it is not known or not here any more.
func (b *board) snapshot() *game.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// live is the game as it stands, and whether it goes on here.
func (b *board) live() (s *game.State, goesOn bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state, b.state != nil && !b.dropped && !b.state.Over()
}

// seats reports whether somebody is one of the players.
func (b *board) seats(playerID string) bool {
	_, plays := b.snapshot().ColorOf(playerID)
	return plays
}

// known is who watches the game, and since when the log tells who is gone.
func (b *board) known() (watchers int, gone departures) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spectators, b.gone
}

// watch begins to put events into the watcher's box, those before its from left
// out, and returns the state before the first of them: no event is missed or told
// twice. ok is false if the board was dropped.
func (b *board) watch(w watcher) (at *game.State, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped || b.state == nil {
		return nil, false
	}
	if b.bygone {
		w.box.close(gameOver)
		return b.state, true
	}
	b.watchers = append(b.watchers, w)
	if w.spectates {
		b.spectators++
	}
	return b.state, true
}

// unwatch ends watch.
func (b *board) unwatch(box *outbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.watchers, func(w watcher) bool { return w.box == box })
	if at < 0 {
		return // the board was dropped
	}
	if b.watchers[at].spectates {
		b.spectators--
	}
	b.watchers = slices.Delete(b.watchers, at, at+1)
}

// drop lets go of the game and of its watchers. Whatever is folded after keep has
// the state is late.
func (b *board) drop(why ending, keep func(*game.State)) {
	b.mu.Lock()
	if keep != nil && b.state != nil {
		keep(b.state)
	}
	watchers := b.watchers
	b.watchers, b.spectators, b.dropped = nil, 0, true
	b.mu.Unlock()
	for _, w := range watchers {
		w.box.close(why)
	}
}
