// Package presence knows which players of running games have a connection to this
// instance, and records in the log who disconnects and who comes back (ADR 23).
package presence

import (
	"context"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/held"
)

// Sender sends commands; *kafka.Producer. It calls done from another goroutine;
// done must not block.
type Sender interface {
	SendAsync(m schemas.Message, done func(error))
}

// Tracker tracks the players' connections.
type Tracker struct {
	games        *held.Games
	sender       Sender
	availability *availability.Monitor
	seats        *seats
}

// New makes a tracker of the players of held games.
func New(games *held.Games, sender Sender, availability *availability.Monitor) *Tracker {
	return &Tracker{games, sender, availability, newSeats()}
}

// Connect notes a connection to a game by somebody who may be one of its players.
// The caller calls disconnect when it ends, from one goroutine, and says whether
// the player left on purpose; only the first call counts.
func (t *Tracker) Connect(g *held.Game, playerID string) (disconnect func(leaving bool)) {
	state, goesOn := g.Running()
	if !goesOn {
		return func(bool) {}
	}
	color, plays := state.ColorOf(playerID)
	if !plays {
		return func(bool) {}
	}
	at := Seat{state.ID, color}
	t.seats.opened(at, state.GoneSince(color) != 0, time.Now())
	ended := false
	return func(leaving bool) {
		if !ended {
			ended = true
			t.seats.closed(at, leaving, time.Now())
		}
	}
}

// OnEvent takes an event that was read back.
func (t *Tracker) OnEvent(ev schemas.Event) {
	if left, ok := ev.Payload.(*schemas.PlayerLeftPayload); ok {
		t.seats.recordedGone(Seat{ev.Key, left.Color}, time.Now())
	}
}

// BeforeClaim checks a player whose opponent is about to claim the game. A player
// who is connected here is marked as present, in the same partition before the
// claim; otherwise the other instances are asked.
func (t *Tracker) BeforeClaim(at Seat, state *game.State) {
	switch now := time.Now(); {
	case state.GoneSince(at.Color) != 0:
		if t.seats.mayMark(at, now) {
			t.mark(at, connections{open: 1})
		}
	case state.PresenceDecides(at.Color.Other()):
		t.seats.checkUnconnected(at, now)
	}
}

// Run checks seats until ctx is done. While no command can be answered they wait;
// there are at most as many as seats in the games that are held.
func (t *Tracker) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if t.availability.CommandsRefused() != "" {
				continue
			}
			for at, c := range t.seats.due(now, maxChecks) {
				t.mark(at, c)
			}
		}
	}
}

// mark records whether a player is present, if the game believes otherwise.
func (t *Tracker) mark(at Seat, c connections) {
	g := t.games.Get(at.GameID)
	if g == nil {
		return
	}
	state, goesOn := g.Running()
	if !goesOn || (c.open == 0) == (state.GoneSince(at.Color) != 0) {
		return
	}
	cmd := schemas.Command{
		ID: schemas.GameCommandID(at.GameID, schemas.NewID()), Type: schemas.MarkPresent, Key: at.GameID,
		Region: state.Region, Actor: schemas.ActorSystem, Payload: &schemas.MarkPresentPayload{Color: at.Color},
	}
	if c.open == 0 {
		cmd.Type, cmd.Payload = schemas.MarkGone, &schemas.MarkGonePayload{Color: at.Color, Left: c.left}
	}
	t.sender.SendAsync(cmd, func(err error) {
		if err != nil {
			t.seats.retry(at, c.left, time.Now())
		}
	})
}
