package game

import (
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Repeat returns nil if the command ID is new. If the command was accepted before,
// the Seq of the refusal is set; if the ID was used for another command, its Code
// is CodeKeyReused.
func (s *State) Repeat(cmd schemas.Command) *Refusal {
	e, found := s.history.Find(cmd.ID)
	if e.Kind == row.KindTimeRestored {
		e = s.afterRestored(e, cmd.ID)
	}
	switch {
	case !found:
		return nil
	case !s.causedBy(e, cmd):
		return refuse(schemas.CodeKeyReused, "the idempotency key was used for another command of this game")
	default:
		return &Refusal{Seq: e.Seq}
	}
}

// causedBy reports whether e can be the first event of such a command. A game that
// ended on time may have been ended by any command that came too late.
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
		return e.Termination == schemas.FirstMoveExpired || e.Termination == schemas.LongOutage || cmd.Type == schemas.AbortGame
	case row.KindTimeout:
		return true
	case row.KindTimeRestored: // nothing followed it
		return cmd.Type == schemas.CheckFlag || cmd.Type == schemas.MarkGone || cmd.Type == schemas.MarkPresent
	default:
		return cmd.Type == causes[e.Kind]
	}
}

// causes has the entries that only one type of command can cause.
var causes = map[row.Kind]schemas.CommandType{
	row.KindDrawOffered: schemas.OfferDraw, row.KindDrawDeclined: schemas.DeclineDraw, row.KindResigned: schemas.Resign,
	row.KindTakebackOffered: schemas.OfferTakeback, row.KindTakebackDeclined: schemas.DeclineTakeback, row.KindTimeAdded: schemas.AddTime,
	row.KindPlayerLeft: schemas.MarkGone, row.KindPlayerReturned: schemas.MarkPresent,
	row.KindRematchOffered: schemas.OfferRematch, row.KindRematchDeclined: schemas.DeclineRematch, row.KindRematchFailed: schemas.FailRematch,
}

// endedBy reports whether such a command can have caused a GameEnded that does not
// follow a move.
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

// afterRestored returns the event after a TimeRestored if the same command caused it;
// else the TimeRestored itself.
func (s *State) afterRestored(restored row.Entry, commandID string) row.Entry {
	for e := range s.history.Entries() {
		if e.Seq == restored.Seq+1 && s.history.CommandID(e.Seq) == commandID {
			return e
		}
	}
	return restored
}

// createdBy ignores the players' ratings: the service fills in the current ones, and
// they may have changed between a request and its repeat.
func (s *State) createdBy(p *schemas.CreateGamePayload) bool {
	start, err := parseStart(p.FEN)
	return err == nil && start.FEN() == s.StartFEN &&
		p.White.PlayerID == s.White.PlayerID && p.Black.PlayerID == s.Black.PlayerID &&
		p.TimeControl == s.TimeControl && p.Rated == s.Rated && p.Private == s.Private &&
		p.Queue == s.Queue && p.RematchOf == s.RematchOf
}

// Evictable reports whether EvictGame may delete the row.
func (s *State) Evictable() bool { return s != nil && s.Over() }
