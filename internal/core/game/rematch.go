package game

import (
	"time"

	"tabiya/schemas"
)

// rematchTalk is how long after a game's last event a rematch may be talked about,
// however long its row stays: readers of the log rely on it.
const rematchTalk = 150 * time.Second

func aboutRematch(t schemas.CommandType) bool {
	return t == schemas.OfferRematch || t == schemas.AcceptRematch || t == schemas.DeclineRematch
}

// rematch judges the rematch commands of color.
func (d *decision) rematch(color schemas.Color) *Refusal {
	s := d.state
	pending := s.RematchOffer == color.Other()
	switch {
	case !s.Over():
		return refuse(schemas.CodeGameNotOver, "the game goes on")
	case s.Result == schemas.NoResult:
		return refuse(schemas.CodeNoRematch, "the game was aborted")
	case s.rematched:
		return refuse(schemas.CodeRematchAccepted, "the rematch is game %s", s.Rematch())
	case d.at > s.UpdatedAt.Add(rematchTalk):
		return refuse(schemas.CodeNoRematch, "the time for a rematch is over")
	case d.cmd.Type == schemas.OfferRematch && !pending:
		if s.of(color).RematchOffered {
			return refuse(schemas.CodeRematchOffered, "a rematch may be offered once")
		}
		d.emit(schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: color})
	case !pending:
		return refuse(schemas.CodeNoRematchOffer, "the opponent has not offered a rematch")
	case d.cmd.Type == schemas.DeclineRematch:
		d.emit(schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: color})
	default: // to offer one as well is to accept
		d.emit(schemas.RematchAccepted, s.rematchAccepted(color, s.Seq+1))
	}
	return nil
}

func (s *State) rematchAccepted(color schemas.Color, seq int64) *schemas.RematchAcceptedPayload {
	return &schemas.RematchAcceptedPayload{Color: color, GameID: schemas.DerivedID(s.ID, "rematch", seq)}
}

// Rematch is the id of the game that follows this one; "" if none does.
func (s *State) Rematch() string {
	if !s.rematched {
		return ""
	}
	return s.rematchAccepted("", s.Seq).GameID // nothing happens behind it
}

// createRematch is the command that makes the game that follows s: the same, with
// colours changed, and the ratings that both came to this one with.
func createRematch(s *State, ev schemas.Event, gameID string) schemas.Command {
	p := &schemas.CreateGamePayload{
		White: unseated(s.Black), Black: unseated(s.White), TimeControl: s.TimeControl, Rated: s.Rated,
		FEN: s.unusualStart(), Private: s.Private, RematchOf: s.ID, Deadline: ev.OccurredAt.Add(schemas.RematchWithin),
	}
	return command(ev, schemas.CreateGame, gameID, p)
}

// unseated is a player without the ticket that brought him here.
func unseated(p schemas.Seated) schemas.Seated {
	p.TicketID, p.Attempt = "", 0
	return p
}
