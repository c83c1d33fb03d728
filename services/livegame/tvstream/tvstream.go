// Package tvstream writes the stream of a TV channel: the frames of the game that a
// speed shows, and of the next one when that changes.
package tvstream

import (
	"context"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/eventstream"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
	"tabiya/services/livegame/protocol"
)

// Config is what all streams share. All fields must be set.
type Config struct {
	Games *held.Games
	// View shows a game as it stands with state.
	View func(g *held.Game, state *game.State) protocol.Game
	// Stopping reports whether the service stops.
	Stopping func() bool
	// OnTooSlow is called when a client does not read fast enough.
	OnTooSlow func()
}

// Follow writes the stream of a channel until ctx is done or the client goes away.
// playerID is the client's, "" for none.
func Follow(ctx context.Context, cfg Config, speed schemas.Speed, playerID string, out *eventstream.Writer) {
	v := &viewer{cfg: cfg, speed: speed, playerID: playerID, out: out, end: func() {}}
	defer func() { v.end() }()
	v.follow(ctx.Done())
}

// viewer is one stream of a channel.
type viewer struct {
	cfg      Config
	speed    schemas.Speed
	playerID string
	out      *eventstream.Writer

	shown *held.Game
	box   *outbox.Outbox
	items []outbox.Item
	end   func() // ends watching the shown game
}

func (v *viewer) follow(gone <-chan struct{}) {
	tick := time.NewTicker(eventstream.KeepAliveEvery)
	defer tick.Stop()
	for {
		g, changed := v.cfg.Games.OnTV(v.speed)
		if v.cfg.Stopping() {
			return
		}
		if (g != v.shown || v.box == nil) && !v.show(g) {
			return
		}
		if v.out.Flush() != nil {
			return
		}
		select {
		case <-gone:
			return
		case <-changed:
		case <-tick.C:
			v.out.KeepAlive()
		case <-v.box.Ready():
			if !v.take() {
				return
			}
		}
	}
}

// show writes what is left of the game before, and then another game. goesOn is
// false if the stream must end.
func (v *viewer) show(g *held.Game) (goesOn bool) {
	if v.box != nil && !v.take() {
		return false
	}
	v.end()
	v.shown, v.box, v.end = g, outbox.New(v.cfg.OnTooSlow), func() {}
	var shown *protocol.Game
	if g != nil {
		w := held.Watcher{Box: v.box, Spectates: !g.HasPlayer(v.playerID), Counts: true}
		if state, end, ok := v.cfg.Games.Watch(g, w); ok { // else it was evicted, and another follows
			v.end = end
			view := v.cfg.View(g, state)
			shown = &view
		}
	}
	v.out.Frame(protocol.TypeTV, protocol.TVFrame(shown).Text())
	return true
}

// take writes what is in the outbox. goesOn is false if the stream must end; the end
// of the game does not end it.
func (v *viewer) take() (goesOn bool) {
	var end outbox.End
	v.items, end = v.box.Take(v.items)
	for _, i := range v.items {
		if i.Seq == 0 {
			v.out.Frame(outbox.TypeWatchers, i.Text())
			continue
		}
		v.out.Frame("", i.Text())
	}
	return end == outbox.Open || end == outbox.GameOver
}
