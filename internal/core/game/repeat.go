package game

import (
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Repeat says whether the command was accepted before: then its Seq is set. If
// the id was accepted for something else, its Code is CodeKeyReused. Otherwise
// it is nil.
func (s *State) Repeat(cmd schemas.Command) *Refusal {
	e, found := s.history.Find(cmd.ID)
	switch {
	case !found:
		return nil
	case !s.causedBy(e, cmd):
		return refuse(schemas.CodeKeyReused, "the idempotency key was used for another command of this game")
	default:
		return &Refusal{Seq: e.Seq}
	}
}

// causedBy reports whether e can be the first event of such a command. Any
// command that comes too late may be what ended a game on time.
func (s *State) causedBy(e row.Entry, cmd schemas.Command) bool {
	switch e.Kind {
	case row.KindCreated:
		p, ok := cmd.Payload.(*schemas.CreateGamePayload)
		return ok && s.createdBy(p)
	case row.KindMove, row.KindLastMove:
		p, ok := cmd.Payload.(*schemas.PlayMovePayload)
		if !ok {
			return false
		}
		m, ok := rules.ParseUCI(p.UCI)
		return ok && m.Same(e.Move)
	case row.KindTakebackAccepted:
		return cmd.Type == schemas.AcceptTakeback || cmd.Type == schemas.OfferTakeback
	case row.KindRematchAccepted:
		return cmd.Type == schemas.AcceptRematch || cmd.Type == schemas.OfferRematch
	case row.KindEnded:
		return endedBy(cmd.Type, e.Termination)
	case row.KindAborted:
		return e.Termination == schemas.FirstMoveExpired || cmd.Type == schemas.AbortGame
	case row.KindTimeout:
		return true
	default:
		return cmd.Type == causes[e.Kind]
	}
}

// causes are the commands behind those entries that have one cause alone.
var causes = map[row.Kind]schemas.CommandType{
	row.KindDrawOffered: schemas.OfferDraw, row.KindDrawDeclined: schemas.DeclineDraw, row.KindResigned: schemas.Resign,
	row.KindTakebackOffered: schemas.OfferTakeback, row.KindTakebackDeclined: schemas.DeclineTakeback, row.KindTimeAdded: schemas.AddTime,
	row.KindPlayerLeft: schemas.MarkGone, row.KindPlayerReturned: schemas.MarkPresent,
	row.KindRematchOffered: schemas.OfferRematch, row.KindRematchDeclined: schemas.DeclineRematch,
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
