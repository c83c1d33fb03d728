package livegame

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// standing is what an answer says of the game as it is after an event.
type standing struct {
	plies       int
	result      schemas.Result
	termination schemas.Termination // empty while the game goes on
	rematch     string              // the game that follows, if it is agreed on
}

func standingOf(s *game.State) standing {
	return standing{s.Plies, s.Result, s.Termination, s.Rematch()}
}

// after is where the game stands behind its next event.
func (s standing) after(ev schemas.Event) standing {
	switch p := ev.Payload.(type) {
	case *schemas.MoveMadePayload:
		s.plies = p.Ply
	case *schemas.TakebackAcceptedPayload:
		s.plies = p.Ply
	case *schemas.GameOver:
		s.plies, s.result, s.termination = p.Plies, p.Result, p.Termination
	case *schemas.RematchAcceptedPayload:
		s.rematch = p.GameID
	}
	return s
}

// standingAt is an event of a game's past, and where the game stood behind it: an
// answer that is given again must not show what happened since.
func standingAt(s *game.State, seq int64) (ev schemas.Event, at standing) {
	at.result = schemas.NoResult
	for _, ev = range s.Events(1)[:seq] {
		at = at.after(ev)
	}
	return ev, at
}
