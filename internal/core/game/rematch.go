package game

import (
	"time"

	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// rematchWindow is how long after a game's last event a rematch can be offered,
// accepted or declined, even if the row is kept longer. Readers of the log rely on
// it: later than that nothing more of the game comes.
const rematchWindow = 150 * time.Second

// StaysFor reports whether a finished game stays at the given time, if it is to stay for
// so long after its last event: the time in which nobody could offer or accept a rematch
// does not count, as long as one is possible at all.
func (s *State) StaysFor(stay time.Duration, outages outage.View, at schemas.Time) bool {
	lost := outages.Centis(s.UpdatedAt, at)
	return lost > 0 && at <= s.UpdatedAt.Add(rematchWindow) && at < s.UpdatedAt.Add(stay)+schemas.Time(10*lost)
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
	case s.rematched:
		return refuse(schemas.CodeRematchAccepted, "the rematch is game %s", s.Rematch())
	case d.at > s.UpdatedAt.Add(rematchWindow):
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
// accepted.
func (s *State) Rematch() string {
	if !s.rematched {
		return ""
	}
	return s.rematchPayload("", s.Seq).GameID // RematchAccepted is always the last event
}

// createRematch is the command that creates the rematch of s: the same game with
// colours reversed. The ratings are those from the start of s.
func createRematch(s *State, ev schemas.Event, gameID string) schemas.Command {
	p := &schemas.CreateGamePayload{
		White: withoutTicket(s.Black), Black: withoutTicket(s.White), TimeControl: s.TimeControl, Rated: s.Rated,
		FEN: s.customStart(), Private: s.Private, RematchOf: s.ID, Deadline: ev.OccurredAt.Add(schemas.RematchWithin),
	}
	return command(ev, schemas.CreateGame, gameID, p)
}

// withoutTicket drops the queue ticket that brought the player into the first game.
func withoutTicket(p schemas.Seated) schemas.Seated {
	p.TicketID, p.Attempt = "", 0
	return p
}
