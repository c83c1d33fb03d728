package actions

import (
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/presence"
	"tabiya/services/livegame/protocol"
)

// Command returns a player's command, or the code and detail of a refusal that is
// certain. It checks who plays the game, closed accounts for a rematch, and for a
// claim whether commands can be answered. The processor checks everything else,
// because only it has the newest state.
func (h *Handler) Command(gameID, playerID, commandID string, in protocol.Intent) (cmd schemas.Command, code schemas.Code, detail string) {
	cmd = schemas.Command{ID: schemas.GameCommandID(gameID, commandID), Type: in.Kind, Key: gameID, Region: h.Region, Actor: playerID, Payload: in.Payload}
	rematch := in.Kind == schemas.OfferRematch || in.Kind == schemas.AcceptRematch
	g := h.Games.Get(gameID)
	var state *game.State
	switch {
	case g != nil:
		state = g.State()
	case rematch: // the finished game may have been evicted
		state = h.Finished.Recall(gameID)
	}
	if state == nil {
		return cmd, "", ""
	}
	color, plays := state.ColorOf(playerID)
	switch {
	case !plays && !held.Public(state): // the processor answers as for a game that does not exist
		return cmd, "", ""
	case !plays:
		return cmd, schemas.CodeNotAPlayer, "only the two players may do this"
	case rematch && h.hasClosedAccount(state):
		return cmd, schemas.CodePlayerClosed, "an account is closed"
	}
	cmd.Region = state.Region
	if claim, ok := in.Payload.(*schemas.ClaimVanishedPayload); ok {
		return h.claim(cmd, claim, g, state, color.Other())
	}
	return cmd, "", ""
}

// claim adds to a claim which disconnect of the opponent it refers to. The processor
// decides the claim: game.State.ClaimableAt has the waiting times. For as long after this
// instance has read of the disconnect, or could hear of a return again, the claim is
// refused here (ADR 23).
func (h *Handler) claim(cmd schemas.Command, claim *schemas.ClaimVanishedPayload, g *held.Game, state *game.State, opponent schemas.Color) (schemas.Command, schemas.Code, string) {
	if why := h.Availability.WhyNoCommands(); why != "" { // must precede AvailableSince, in Disconnects
		return cmd, schemas.CodeUnavailable, why
	}
	h.Presence.BeforeClaim(presence.Side{GameID: state.ID, Color: opponent}, state)
	claim.GoneSince = state.GoneSince(opponent)
	now := schemas.TimeOf(time.Now())
	if at := state.ClaimableAt(opponent.Other(), h.Disconnects(g).Of(opponent)); now < at {
		r := game.TooEarlyToClaim(now, at)
		return cmd, r.Code, r.Detail
	}
	return cmd, "", ""
}

// hasClosedAccount reports whether a player of the game has closed their account.
func (h *Handler) hasClosedAccount(state *game.State) bool {
	for _, id := range []string{state.White.PlayerID, state.Black.PlayerID} {
		if row, ok := h.Players.Get(id); ok && row.Closed {
			return true
		}
	}
	return false
}
