package held

import (
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
)

// Event is an event that was read from game-events.
type Event struct {
	schemas.Event
	Envelope []byte       // the record's value
	At       schemas.Time // when it was read, by this instance's clock
}

// Row is a game's row of games-table.
type Row struct {
	State *game.State  // nil if the table has no row
	At    schemas.Time // when it was read, by this instance's clock
}

// Folded is an event that changed a game.
type Folded struct {
	Event    schemas.Event
	Envelope []byte   // a copy, which the receiver may keep
	Standing Standing // after the event
}

// Result says what folding an event did.
type Result uint8

// The results of Fold.
const (
	Applied Result = iota // the game has changed
	Known                 // the game had the event already
	Gap                   // an earlier event is missing: read the game's row
	Ignored               // the game has ended and is not held
)

// Fold applies an event to its game and puts it into the watchers' outboxes. It
// appends those outboxes to woken; the caller wakes them. behind says that the event
// was in the log before the service started, so an unknown game has ended. After an
// error the game's row must be read.
func (g *Games) Fold(ev Event, behind bool, woken *[]*outbox.Outbox) (Folded, Result, error) {
	held := g.get(ev.Key)
	if held == nil {
		if ev.Seq > 1 && behind {
			return Folded{}, Ignored, nil
		}
		g.cfg.OnUnheldEvent(ev.Key)
		held = g.add(ev.Key)
	}
	f, result, evicted, err := held.fold(ev, woken)
	if err != nil || result != Applied {
		return f, result, err
	}
	if evicted { // between get and fold
		g.cfg.OnUnheldEvent(ev.Key)
	}
	if ev.Seq == 1 {
		g.arrived(ev.Key)
		g.running.update(held)
	}
	if ev.Type.Terminal() {
		g.running.update(held)
		g.evictions.add(ev.Key, g.holdUntil(ev, behind))
	}
	return f, Applied, nil
}

// holdUntil returns the time until which a game that ended with ev is held.
func (g *Games) holdUntil(ev Event, behind bool) time.Time {
	if behind {
		return ev.OccurredAt.Std().Add(g.cfg.Linger)
	}
	return g.cfg.Now().Add(g.cfg.Linger)
}

// Install updates a game from its row. It folds the events that the row has and the
// game lacks, then the events that waited for them, and appends the outboxes that the
// caller must wake to woken. complete is false if an event is still missing. If there
// is an error, folded has the events that were folded before it.
func (g *Games) Install(gameID string, row Row, woken *[]*outbox.Outbox) (folded []Folded, complete bool, err error) {
	held := g.add(gameID)
	before := held.State()
	folded, complete, err = held.install(row, woken)
	after := held.State()
	if after == nil {
		return folded, complete, err
	}
	if before == nil {
		g.arrived(gameID)
	}
	g.running.update(held)
	if after.Over() && (before == nil || !before.Over()) {
		g.evictions.add(gameID, after.EndedAt().Std().Add(g.cfg.Linger))
	}
	return folded, complete, err
}

// Load installs the rows of a whole table. It omits games that ended longer than
// Config.Linger ago, unless they are still held.
func (g *Games) Load(rows map[string]Row, install func(gameID string, row Row)) {
	earliest := g.cfg.Now().Add(-g.cfg.Linger)
	for id, row := range rows {
		if row.State.Over() && row.State.EndedAt().Std().Before(earliest) && g.get(id) == nil {
			continue
		}
		install(id, row)
	}
}
