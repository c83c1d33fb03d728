package held

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Standing is the part of a game's state that the answer to a command shows.
type Standing struct {
	Plies       int
	Result      schemas.Result
	Termination schemas.Termination // empty while the game is running
	Rematch     string              // the id of the rematch, if one was agreed on
}

func standingOf(s *game.State) Standing {
	return Standing{s.Plies, s.Result, s.Termination, s.Rematch()}
}

// after returns the standing after the game's next event.
func (s Standing) after(ev schemas.Event) Standing {
	switch p := ev.Payload.(type) {
	case *schemas.MoveMadePayload:
		s.Plies = p.Ply
	case *schemas.TakebackAcceptedPayload:
		s.Plies = p.Ply
	case *schemas.GameOver:
		s.Plies, s.Result, s.Termination = p.Plies, p.Result, p.Termination
	case *schemas.RematchAcceptedPayload:
		s.Rematch = p.GameID
	case *schemas.RematchFailedPayload:
		s.Rematch = ""
	}
	return s
}

// EventAndStanding returns the event at seq of a game's history and the standing after
// it, so that a repeated answer omits later events.
func EventAndStanding(s *game.State, seq int64) (ev schemas.Event, standing Standing) {
	standing.Result = schemas.NoResult
	for _, ev = range s.Events(1)[:seq] {
		standing = standing.after(ev)
	}
	return ev, standing
}
