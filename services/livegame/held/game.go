package held

import (
	"fmt"
	"slices"
	"sync"

	"tabiya/internal/core/game"
	"tabiya/services/livegame/outbox"
)

// Game is one game and its watchers.
type Game struct {
	mu          sync.Mutex
	state       *game.State // immutable; nil while only later events are known
	waiting     []Event     // later events, until a row has the missing one
	disconnects Disconnects
	watchers    []Watcher
	evicted     bool // no longer in Games: look the game up again
	readOnly    bool // see NewEnded

	spectators int
	lastSent   int // the number of spectators that was last sent to the watchers
}

// NewEnded wraps a finished game's state. The game is not held: a watcher gets its
// history, and then the end.
func NewEnded(s *game.State) *Game { return &Game{state: s, readOnly: true} }

// Held reports whether the game can get more events. It is false for a game that
// NewEnded returned.
func (g *Game) Held() bool { return !g.readOnly }

// maxWaiting limits the events that wait for a missing one. A game has at most two
// events a ply beside the move, if its players make all the offers that they may.
const maxWaiting = 3 * game.MaxPlies

// fold applies an event. evicted reports whether the game was evicted before.
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
			ev.Envelope = slices.Clone(ev.Envelope) // without the copy it would keep the whole fetch
			g.waiting = append(g.waiting, ev)
		}
		return Folded{}, Gap, nil
	}
	next, err := game.Apply(g.state, ev.Event)
	if err != nil {
		return Folded{}, Gap, fmt.Errorf("apply event %d of game %s: %w", ev.Seq, ev.Key, err)
	}
	g.disconnects = g.disconnects.after(g.state, next, ev.At)
	g.state = Compact(next)
	item := outbox.EventItem(ev.Seq, ev.Envelope)
	g.put(item, woken)
	return Folded{ev.Event, item.Envelope(), standingOf(g.state)}, Applied, nil
}

// put puts an event into the outboxes of the watchers that want it.
func (g *Game) put(item outbox.Item, woken *[]*outbox.Outbox) {
	for _, w := range g.watchers {
		if item.Seq >= w.FromSeq {
			w.Box.Put(item)
			*woken = append(*woken, w.Box)
		}
	}
}

// compactEvery is the number of events between two compactions.
const compactEvery = 32

// Compact encodes a game's history into one piece, once every compactEvery events.
// Each Apply copies the events since the last compaction, so without compaction a late
// move in a game would cost more than an early one.
func Compact(s *game.State) *game.State {
	if s.Seq%compactEvery != 0 {
		return s
	}
	c, err := game.DecodeBody(s.ID, s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s))
	if err != nil {
		return s // correct, only slower
	}
	return c
}

// install implements Games.Install.
func (g *Game) install(found Row, woken *[]*outbox.Outbox) (folded []Folded, complete bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	row := found.State
	if row != nil && (g.state == nil || row.Seq > g.state.Seq) {
		g.disconnects = g.disconnects.after(g.state, row, found.At)
		if g.state != nil { // a game without a state has no watchers yet
			folded = g.catchUp(row, woken)
		}
		g.state = row
	}
	waiting := g.waiting
	g.waiting = nil
	for _, ev := range waiting {
		f, result, err := g.foldLocked(ev, woken)
		if err != nil {
			return folded, false, err
		}
		if result == Known { // the row had the event, but the event has not answered its command yet
			f = Folded{Event: ev.Event, Envelope: ev.Envelope}
			_, f.Standing = EventAndStanding(g.state, ev.Seq)
		}
		if result != Gap {
			folded = append(folded, f)
		}
	}
	return folded, len(g.waiting) == 0, nil
}

// catchUp sends the watchers the events that row has and the state lacks.
func (g *Game) catchUp(row *game.State, woken *[]*outbox.Outbox) (folded []Folded) {
	standing := standingOf(g.state)
	for _, ev := range row.Events(g.state.Seq + 1) {
		standing = standing.after(ev)
		item := outbox.EventItem(ev.Seq, ev.Record().Value)
		g.put(item, woken)
		folded = append(folded, Folded{ev, item.Envelope(), standing})
	}
	return folded
}

// State returns the game's state; nil while its first events are missing.
func (g *Game) State() *game.State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// Running returns the state, and whether the game is held and not over.
func (g *Game) Running() (s *game.State, goesOn bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.state != nil && !g.evicted && !g.readOnly && !g.state.Over()
}

// HasPlayer reports whether playerID is one of the two players.
func (g *Game) HasPlayer(playerID string) bool {
	_, plays := g.State().ColorOf(playerID)
	return plays
}

// Disconnects returns when this instance read that each side disconnected.
func (g *Game) Disconnects() Disconnects {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.disconnects
}

// Spectators returns the number of spectators.
func (g *Game) Spectators() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.spectators
}
