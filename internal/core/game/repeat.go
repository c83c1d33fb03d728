package game

import (
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Repeat says whether the command was accepted before: then its Seq is set. If
// the id was accepted for something else, its Code is CodeKeyReused. Otherwise
// it is nil.
func (s *State) Repeat(cmd schemas.Command) *Refusal {
	e, found := s.find(cmd.ID)
	switch {
	case !found:
		return nil
	case !s.causedBy(e, cmd):
		return refuse(schemas.CodeKeyReused, "the idempotency key was used for another command of this game")
	default:
		return &Refusal{Seq: e.seq}
	}
}

// causedBy reports whether e can be the first event of such a command. Any
// command that comes too late may be what ended a game on time.
func (s *State) causedBy(e entry, cmd schemas.Command) bool {
	switch e.kind {
	case kindCreated:
		p, ok := cmd.Payload.(*schemas.CreateGamePayload)
		return ok && s.createdBy(p)
	case kindMove, kindLastMove:
		p, ok := cmd.Payload.(*schemas.PlayMovePayload)
		if !ok {
			return false
		}
		m, ok := rules.ParseUCI(p.UCI)
		return ok && m.Same(e.move)
	case kindTakebackAccepted:
		return cmd.Type == schemas.AcceptTakeback || cmd.Type == schemas.OfferTakeback
	case kindRematchAccepted:
		return cmd.Type == schemas.AcceptRematch || cmd.Type == schemas.OfferRematch
	case kindEnded:
		return endedBy(cmd.Type, e.termination)
	case kindAborted:
		return e.termination == schemas.FirstMoveExpired || cmd.Type == schemas.AbortGame
	case kindTimeout:
		return true
	default:
		return cmd.Type == causes[e.kind]
	}
}

// causes are the commands behind those entries that have one cause alone.
var causes = [kindsEnd]schemas.CommandType{
	kindDrawOffered: schemas.OfferDraw, kindDrawDeclined: schemas.DeclineDraw, kindResigned: schemas.Resign,
	kindTakebackOffered: schemas.OfferTakeback, kindTakebackDeclined: schemas.DeclineTakeback, kindTimeAdded: schemas.AddTime,
	kindPlayerLeft: schemas.MarkGone, kindPlayerReturned: schemas.MarkPresent,
	kindRematchOffered: schemas.OfferRematch, kindRematchDeclined: schemas.DeclineRematch,
}

// endedBy reports whether such a command can be behind a GameEnded that no move
// caused.
func endedBy(c schemas.CommandType, t schemas.Termination) bool {
	switch t {
	case schemas.Agreement:
		return c == schemas.AcceptDraw || c == schemas.OfferDraw
	case schemas.Abandoned:
		return c == schemas.ClaimVanished
	default:
		return c == schemas.ClaimDraw
	}
}

// createdBy looks at who plays what, not at the players' ratings: those are
// filled in by the service as they are at the moment, and may have moved before a
// repeat.
func (s *State) createdBy(p *schemas.CreateGamePayload) bool {
	start, err := startFrom(p.FEN)
	return err == nil && start.FEN() == s.StartFEN &&
		p.White.PlayerID == s.White.PlayerID && p.Black.PlayerID == s.Black.PlayerID &&
		p.TimeControl == s.TimeControl && p.Rated == s.Rated && p.Private == s.Private &&
		p.Queue == s.Queue && p.RematchOf == s.RematchOf
}

// Evictable reports whether EvictGame may drop the row.
func (s *State) Evictable() bool { return s != nil && s.Over() }
