package held

import (
	"fmt"
	"slices"
	"sync"

	"tabiya/internal/core/game"
	"tabiya/services/livegame/outbox"
)

// Game is one game and those who watch it.
type Game struct {
	mu          sync.Mutex
	state       *game.State // immutable; nil while only later events are known
	waiting     []Event     // events behind a gap, until a row fills it
	disconnects Disconnects
	watchers    []Watcher
	evicted     bool // not in Games any more: look the game up again
	unheld      bool // see Finished

	spectators int // watchers that are not players
	lastSent   int // the count that the watchers were told last
}

// Finished makes a game, of a state read elsewhere, that is over and not held: a
// watcher gets its past and then the end.
func Finished(s *game.State) *Game { return &Game{state: s, unheld: true} }

// Held reports whether more events can come. It is false for a game that was
// made by Finished.
func (g *Game) Held() bool { return !g.unheld }

// maxWaiting bounds the events behind a gap. Per ply a game has at most two
// events beside the move, if its players make all the offers that they may.
const maxWaiting = 3 * game.MaxPlies

// fold applies an event. evicted reports whether the game had been evicted before.
func (g *Game) fold(ev Event, woken *[]*outbox.Outbox) (f Folded, result Result, evicted bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, result, err = g.foldLocked(ev, woken)
	return f, result, g.evicted, err
}

func (g *Game) foldLocked(ev Event, woken *[]*outbox.Outbox) (Folded, Result, error) {
	var seq int64
	if g.state != nil {
		seq = g.state.Seq
	}
	switch {
	case ev.Seq <= seq:
		return Folded{}, Known, nil
	case ev.Seq > seq+1:
		if len(g.waiting) < maxWaiting {
			ev.Envelope = slices.Clone(ev.Envelope) // it is part of a whole fetch
			g.waiting = append(g.waiting, ev)
		}
		return Folded{}, Gap, nil
	}
	next, err := game.Apply(g.state, ev.Event)
	if err != nil {
		return Folded{}, Gap, fmt.Errorf("apply event %d of game %s: %w", ev.Seq, ev.Key, err)
	}
	g.disconnects.update(g.state, next, ev.At)
	g.state = Compact(next)
	item := outbox.EventItem(ev.Seq, ev.Envelope)
	g.put(item, woken)
	return Folded{ev.Event, item.Envelope(), standingOf(g.state)}, Applied, nil
}

// put puts an event into the outboxes of the watchers that want it.
func (g *Game) put(item outbox.Item, woken *[]*outbox.Outbox) {
	for _, w := range g.watchers {
		if item.Seq >= w.From {
			w.Box.Put(item)
			*woken = append(*woken, w.Box)
		}
	}
}

// compactEvery is after how many events a game's history is put into one piece.
const compactEvery = 32

// Compact puts a game's history into one piece, once in compactEvery events. An
// event copies what was folded since the last piece, so without this a move late
// in a game would cost more than an early one.
func Compact(s *game.State) *game.State {
	if s.Seq%compactEvery != 0 {
		return s
	}
	c, err := game.DecodeBody(s.ID, s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s))
	if err != nil {
		return s // the same game, only slower
	}
	return c
}

// install takes a row, see Games.Install.
func (g *Game) install(found Row, woken *[]*outbox.Outbox) (all []Folded, complete bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	row := found.State
	if row != nil && (g.state == nil || row.Seq > g.state.Seq) {
		g.disconnects.update(g.state, row, found.At)
		if g.state != nil { // else nobody can watch the game yet
			all = g.catchUp(row, woken)
		}
		g.state = row
	}
	waiting := g.waiting
	g.waiting = nil
	for _, ev := range waiting {
		f, result, err := g.foldLocked(ev, woken)
		if err != nil {
			return all, false, err
		}
		if result == Known { // by the row, but no command was answered by it yet
			f = Folded{Event: ev.Event, Envelope: ev.Envelope}
			_, f.Standing = StandingAt(g.state, ev.Seq)
		}
		if result != Gap {
			all = append(all, f)
		}
	}
	return all, len(g.waiting) == 0, nil
}

// catchUp gives the watchers the events that row has and the state lacks.
func (g *Game) catchUp(row *game.State, woken *[]*outbox.Outbox) (all []Folded) {
	standing := standingOf(g.state)
	for _, ev := range row.Events(g.state.Seq + 1) {
		standing = standing.after(ev)
		item := outbox.EventItem(ev.Seq, ev.Record().Value)
		g.put(item, woken)
		all = append(all, Folded{ev, item.Envelope(), standing})
	}
	return all
}

// State is the game as it stands; nil if only later events are known.
func (g *Game) State() *game.State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// Running returns the state, and whether the game is held here and goes on.
func (g *Game) Running() (s *game.State, goesOn bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.state != nil && !g.evicted && !g.unheld && !g.state.Over()
}

// HasPlayer reports whether somebody is one of the two players.
func (g *Game) HasPlayer(playerID string) bool {
	_, plays := g.State().ColorOf(playerID)
	return plays
}

// Disconnects says when the log recorded that a side disconnected.
func (g *Game) Disconnects() Disconnects {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.disconnects
}

// Spectators is the number of watchers that are not players.
func (g *Game) Spectators() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.spectators
}
