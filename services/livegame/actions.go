package livegame

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/presence"
	"tabiya/services/livegame/protocol"
)

// action handles a player's request that has no body.
func (s *Service) action(kind schemas.CommandType) gin.HandlerFunc {
	return func(c *gin.Context) {
		if httpx.BindNothing(c) {
			s.act(c, func() (protocol.Intent, schemas.Code, string) { return protocol.Intent{Kind: kind}, "", "" })
		}
	}
}

// actionWith handles a player's request with a body.
func actionWith[B protocol.Body](s *Service) gin.HandlerFunc {
	return func(c *gin.Context) {
		var body B
		if httpx.Bind(c, &body) {
			s.act(c, body.Intent)
		}
	}
}

// command returns a player's command, or the code and detail of a refusal that is
// certain. It checks who plays the game, closed accounts for a rematch, and for a
// claim whether commands can be answered. The processor checks everything else,
// because only it has the newest state.
func (s *Service) command(gameID, playerID, commandID string, in protocol.Intent) (cmd schemas.Command, code schemas.Code, detail string) {
	cmd = schemas.Command{ID: schemas.GameCommandID(gameID, commandID), Type: in.Kind, Key: gameID, Region: s.cfg.Regions[0], Actor: playerID, Payload: in.Payload}
	rematch := in.Kind == schemas.OfferRematch || in.Kind == schemas.AcceptRematch
	g := s.games.Get(gameID)
	var state *game.State
	switch {
	case g != nil:
		state = g.State()
	case rematch: // the finished game may have been evicted
		state = s.finished.Recall(gameID)
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
	case rematch && s.hasClosedAccount(state):
		return cmd, schemas.CodePlayerClosed, "an account is closed"
	}
	cmd.Region = state.Region
	if claim, ok := in.Payload.(*schemas.ClaimVanishedPayload); ok {
		return s.claim(cmd, claim, g, state, color.Other())
	}
	return cmd, "", ""
}

// claim adds to a claim when the opponent disconnected and when the log recorded it,
// as this instance knows them (ADR 23). The processor decides the claim:
// game.State.ClaimableAt has the waiting times.
func (s *Service) claim(cmd schemas.Command, claim *schemas.ClaimVanishedPayload, g *held.Game, state *game.State, opponent schemas.Color) (schemas.Command, schemas.Code, string) {
	if why := s.availability.WhyNoCommands(); why != "" { // must precede AvailableSince, in disconnects
		return cmd, schemas.CodeUnavailable, why
	}
	s.presence.BeforeClaim(presence.Side{GameID: state.ID, Color: opponent}, state)
	claim.GoneSince = state.GoneSince(opponent)
	claim.KnownAt = s.disconnects(g).Of(opponent)
	return cmd, "", ""
}

// hasClosedAccount reports whether a player of the game has closed their account.
func (s *Service) hasClosedAccount(state *game.State) bool {
	for _, id := range []string{state.White.PlayerID, state.Black.PlayerID} {
		if row, ok := s.cfg.Players.Get(id); ok && row.Closed {
			return true
		}
	}
	return false
}
