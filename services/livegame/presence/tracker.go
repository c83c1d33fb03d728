// Package presence tracks which players of running games have a connection to this
// instance, and records in the log who disconnects and who reconnects (ADR 23).
package presence

import (
	"context"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/held"
)

// Sender sends commands. *kafka.Producer implements it. It calls done from another
// goroutine; done must not block.
type Sender interface {
	SendAsync(m schemas.Message, done func(error))
}

// Tracker tracks which players are connected to this instance.
type Tracker struct {
	games        *held.Games
	sender       Sender
	availability *availability.Monitor
	sides        *sides
}

// New creates a Tracker of the players of held games.
func New(games *held.Games, sender Sender, availability *availability.Monitor) *Tracker {
	return &Tracker{games, sender, availability, newSides()}
}

// Connect records a connection to a game; it does nothing if playerID is not one of the
// game's players. The caller calls disconnect when the connection ends, from one
// goroutine, and says whether the player said that they leave. Only the first call
// counts.
func (t *Tracker) Connect(g *held.Game, playerID string) (disconnect func(leaving bool)) {
	state, goesOn := g.Running()
	if !goesOn {
		return func(bool) {}
	}
	color, plays := state.ColorOf(playerID)
	if !plays {
		return func(bool) {}
	}
	at := Side{state.ID, color}
	t.sides.opened(at, state.GoneSince(color) != 0, time.Now())
	ended := false
	return func(leaving bool) {
		if !ended {
			ended = true
			t.sides.closed(at, leaving, time.Now())
		}
	}
}

// Attempted records that a player of the game tried to connect and was not admitted. For
// goneAfterAttempt they count as present, so that our refusal does not cost them the game.
func (t *Tracker) Attempted(g *held.Game, playerID string) {
	state, goesOn := g.Running()
	if !goesOn {
		return
	}
	if color, plays := state.ColorOf(playerID); plays {
		t.sides.attempted(Side{state.ID, color}, state.GoneSince(color) != 0, time.Now())
	}
}

// OnEvent handles an event that was read back.
func (t *Tracker) OnEvent(ev schemas.Event) {
	switch p := ev.Payload.(type) {
	case *schemas.PlayerLeftPayload:
		t.sides.recordedGone(Side{ev.Key, p.Color}, time.Now())
	case *schemas.TimeRestoredPayload:
		if p.Waiting { // for both players, and one may be here
			t.sides.recordedGone(Side{ev.Key, schemas.White}, time.Now())
			t.sides.recordedGone(Side{ev.Key, schemas.Black}, time.Now())
		}
	}
}

// BeforeClaim checks a player whose opponent is about to claim the game. If the player
// is recorded as gone but connected here, it sends MarkPresent, which precedes the claim
// in the same partition. If the player is recorded as present, without a connection
// here, and nothing else prevents the claim, it schedules a MarkGone, which an instance
// with a connection answers with MarkPresent.
func (t *Tracker) BeforeClaim(at Side, state *game.State) {
	switch now := time.Now(); {
	case state.GoneSince(at.Color) != 0:
		if t.sides.tryMark(at, now) {
			t.mark(at, sideState{open: 1})
		}
	case state.PresenceDecides(at.Color.Other()):
		t.sides.checkUnconnected(at, now)
	}
}

// Run checks sides until ctx is done. Checks wait during an outage; their number is
// bounded by the held games.
func (t *Tracker) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if t.availability.WhyNoCommands() != "" {
				continue
			}
			for at, c := range t.sides.due(now, maxChecks) {
				t.mark(at, c)
			}
		}
	}
}

// mark sends MarkPresent or MarkGone if the game's state differs from c.
func (t *Tracker) mark(at Side, c sideState) {
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
			t.sides.retry(at, c.left, time.Now())
		}
	})
}
