// Package tvstream writes the stream of a TV channel: the frames of the game that the
// channel shows, and of the next game when the channel changes.
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

// Config configures all streams of a service. All fields must be set.
type Config struct {
	Games *held.Games
	// View returns the JSON view of a game at a state.
	View func(g *held.Game, state *game.State) protocol.Game
	// Stopping reports whether the service is stopping.
	Stopping func() bool
	// OnTooSlow is called when a client reads too slowly.
	OnTooSlow func()
}

// Stream writes the stream of a speed's channel until ctx is done or the client
// disconnects. playerID is "" for a client that is not signed in as a player.
func Stream(ctx context.Context, cfg Config, speed schemas.Speed, playerID string, out *eventstream.Writer) {
	v := &viewer{cfg: cfg, speed: speed, playerID: playerID, out: out, end: func() {}}
	defer func() { v.end() }()
	v.stream(ctx.Done())
}

// viewer is the stream of one client.
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

func (v *viewer) stream(done <-chan struct{}) {
	tick := time.NewTicker(eventstream.KeepAliveEvery)
	defer tick.Stop()
	for {
		g, changed := v.cfg.Games.TVGame(v.speed)
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
		case <-done:
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

// show writes the remaining frames of the previous game, and then a tv frame with the
// new one. goesOn is false if the stream must end.
func (v *viewer) show(g *held.Game) (goesOn bool) {
	if v.box != nil && !v.take() {
		return false
	}
	v.end()
	v.shown, v.box, v.end = g, outbox.New(v.cfg.OnTooSlow), func() {}
	var shown *protocol.Game
	if g != nil {
		w := held.Watcher{Box: v.box, Spectates: !g.HasPlayer(v.playerID), WantsCount: true}
		if state, end, ok := v.cfg.Games.Watch(g, w); ok { // if not, it was evicted, and the channel changes again
			v.end = end
			view := v.cfg.View(g, state)
			shown = &view
		}
	}
	v.out.Frame(protocol.TypeTV, protocol.TVFrame(shown).Text())
	return true
}

// take writes the items of the outbox. goesOn is false if the stream must end, which
// the game's end is no reason for.
func (v *viewer) take() (goesOn bool) {
	var end outbox.End
	v.items, end = v.box.Take(v.items)
	for _, i := range v.items {
		if i.Seq == 0 {
			v.out.Frame(i.Type(), i.Text())
			continue
		}
		v.out.Frame("", i.Text())
	}
	return end == outbox.Open || end == outbox.GameOver
}
