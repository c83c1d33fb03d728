package held

import (
	"slices"
	"sync"
	"time"

	"tabiya/internal/core/game"
	"tabiya/services/livegame/outbox"
)

// Watcher is a client that is sent a game's events: a spectator or a player.
type Watcher struct {
	Box        *outbox.Outbox
	FromSeq    int64 // the first seq that the client wants
	Spectates  bool  // the client is not one of the players
	WantsCount bool  // the client wants messages that are not events: the number of spectators, and notes on the clocks
}

// Watch begins to put a game's events into the watcher's outbox, and returns the
// state before the first of them, so that no event is missed or sent twice. The
// caller must call end. ok is false if the game was evicted: look the game up again.
func (g *Games) Watch(held *Game, w Watcher) (at *game.State, end func(), ok bool) {
	if at, ok = held.watch(w, g.cfg.NoteFor); !ok {
		return nil, nil, false
	}
	g.spectators.add(held)
	return at, func() {
		held.unwatch(w.Box)
		g.spectators.add(held)
	}, true
}

func (g *Game) watch(w Watcher, noteFor NoteFor) (at *game.State, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.evicted || g.state == nil {
		return nil, false
	}
	if g.readOnly {
		w.Box.Close(outbox.GameOver)
		return g.state, true
	}
	g.watchers = append(g.watchers, w)
	if note, ok := noteFor(g.state); ok && w.WantsCount {
		w.Box.Send(note)
	}
	if w.Spectates {
		g.spectators++
	}
	return g.state, true
}

func (g *Game) unwatch(box *outbox.Outbox) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.IndexFunc(g.watchers, func(w Watcher) bool { return w.Box == box })
	if at < 0 {
		return // the game was evicted
	}
	if g.watchers[at].Spectates {
		g.spectators--
	}
	g.watchers = slices.Delete(g.watchers, at, at+1)
}

// evict ends the watchers' outboxes. onEvict gets the last state; a later fold reports
// evicted.
func (g *Game) evict(why outbox.End, onEvict func(*game.State)) {
	g.mu.Lock()
	if g.state != nil {
		onEvict(g.state)
	}
	watchers := g.watchers
	g.watchers, g.spectators, g.evicted = nil, 0, true
	g.mu.Unlock()
	for _, w := range watchers {
		w.Box.Close(why)
	}
}

// spectatorsEvery is the least time between two counts that a game's watchers are sent.
const spectatorsEvery = time.Second

// changedSpectators are the games whose number of spectators may have changed since it
// was last sent. Thousands of spectators may open a game at once, so the goroutine of
// Run sends the number, not the one that folds events.
type changedSpectators struct {
	mu    sync.Mutex
	games map[*Game]struct{}
}

func newChangedSpectators() *changedSpectators {
	return &changedSpectators{games: make(map[*Game]struct{})}
}

func (c *changedSpectators) add(g *Game) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.games[g] = struct{}{}
}

func (c *changedSpectators) take() map[*Game]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.games) == 0 {
		return nil
	}
	taken := c.games
	c.games = make(map[*Game]struct{})
	return taken
}

func (g *Games) sendSpectators() {
	var woken []*outbox.Outbox
	for held := range g.spectators.take() {
		held.sendSpectators(&woken)
	}
	outbox.WakeAll(woken)
}

// sendSpectators sends the number of spectators to the watchers that want it, if it has
// changed since it was last sent.
func (g *Game) sendSpectators(woken *[]*outbox.Outbox) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.spectators == g.lastSent {
		return
	}
	g.lastSent = g.spectators
	item := outbox.WatchersItem(g.lastSent)
	for _, w := range g.watchers {
		if w.WantsCount {
			w.Box.Put(item)
			*woken = append(*woken, w.Box)
		}
	}
}
