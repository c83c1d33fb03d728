package game

import (
	"time"

	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// RematchWindow is how long after a game's last event a rematch can be offered,
// accepted or declined, even if the row is kept longer. Readers of the log rely on
// it: later than that nothing more of the game comes.
const RematchWindow = 150 * time.Second

// StaysFor reports whether a finished game stays at the given time, if it is to stay for
// so long after its last event: the time in which nobody could offer or accept a rematch
// does not count, as long as one is possible at all.
func (s *State) StaysFor(stay time.Duration, outages outage.View, at schemas.Time) bool {
	lost := outages.Centis(s.UpdatedAt, at)
	return lost > 0 && at <= s.UpdatedAt.Add(RematchWindow) && at < s.UpdatedAt.Add(stay)+schemas.Time(10*lost)
}

func isRematchCommand(t schemas.CommandType) bool {
	return t == schemas.OfferRematch || t == schemas.AcceptRematch || t == schemas.DeclineRematch
}

// rematch handles the rematch commands of color.
func (d *decision) rematch(color schemas.Color) *Refusal {
	s := d.state
	pending := s.RematchOffer == color.Other()
	switch {
	case !s.Over():
		return refuse(schemas.CodeGameNotOver, "the game is still running")
	case s.Result == schemas.NoResult:
		return noRematch()
	case s.rematchFailed:
		return refuse(schemas.CodeNoRematch, "the rematch could not be played")
	case s.rematched:
		return refuse(schemas.CodeRematchAccepted, "the rematch is game %s", s.Rematch())
	case d.at > s.UpdatedAt.Add(RematchWindow):
		return refuse(schemas.CodeNoRematch, "the time for a rematch is over")
	case d.cmd.Type == schemas.OfferRematch && !pending:
		if s.side(color).RematchOffered {
			return refuse(schemas.CodeRematchOffered, "a rematch may be offered once")
		}
		d.emit(schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: color})
	case !pending:
		return refuse(schemas.CodeNoRematchOffer, "the opponent has not offered a rematch")
	case d.cmd.Type == schemas.DeclineRematch:
		d.emit(schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: color})
	default: // a counter-offer accepts
		d.emit(schemas.RematchAccepted, s.rematchPayload(color, s.Seq+1))
	}
	return nil
}

func (s *State) rematchPayload(color schemas.Color, seq int64) *schemas.RematchAcceptedPayload {
	return &schemas.RematchAcceptedPayload{Color: color, GameID: schemas.DerivedID(s.ID, "rematch", seq)}
}

// Rematch returns the ID of the game that follows this one, or "" if no rematch was
// accepted or it failed.
func (s *State) Rematch() string {
	if !s.rematched || s.rematchFailed {
		return ""
	}
	return s.rematchPayload("", s.Seq).GameID // nothing follows RematchAccepted but RematchFailed
}

// AwaitsRematch reports whether the accepted rematch may still fail.
func (s *State) AwaitsRematch() bool { return s.rematched && !s.rematchFailed }

// failRematch records that the accepted rematch is not played. It does nothing if that
// was recorded before, or comes too late.
func (d *decision) failRematch(p *schemas.FailRematchPayload) {
	s := d.state
	if p.GameID != s.Rematch() || p.GameID == "" || d.at > s.UpdatedAt.Add(RematchWindow) {
		return
	}
	failed := &schemas.RematchFailedPayload{GameID: p.GameID, Reason: p.Reason}
	switch p.Reason {
	case schemas.SeatTaken, schemas.AccountClosed:
		color, plays := s.ColorOf(p.PlayerID)
		if !plays {
			return
		}
		failed.Color = color
	case schemas.NoAnswer:
	default: // of a later release
		failed.Reason = schemas.NoAnswer
	}
	d.emit(schemas.RematchFailed, failed)
}

// seatRematch returns the commands that take both players' seats for the rematch of s:
// the same game with colours reversed. The ratings are those of their seats.
func seatRematch(s *State, ev schemas.Event, gameID string) []schemas.Command {
	g := schemas.NamedGame{
		GameID: gameID, WhiteID: s.Black.PlayerID, BlackID: s.White.PlayerID, TimeControl: s.TimeControl, Rated: s.Rated,
		FEN: s.customStart(), Private: s.Private, RematchOf: s.ID, Deadline: ev.OccurredAt.Add(schemas.RematchWithin),
	}
	take := func(c schemas.Color) schemas.Command {
		return command(ev, schemas.TakeSeat, g.PlayerID(c), &schemas.TakeSeatPayload{Color: c, Game: g})
	}
	return []schemas.Command{take(schemas.White), take(schemas.Black)}
}
