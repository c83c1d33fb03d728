package livegame

import "tabiya/schemas"

// judge says what an event means to the command that caused it, and where the game
// stands with it. settled is false where a second event of the same command
// decides: GameStarted after GameCreated, the end of the game after its last move.
func judge(kind schemas.CommandType, ev schemas.Event, at standing) (o outcome, settled bool) {
	o = outcome{seq: ev.Seq, at: at}
	over, terminal := ev.Payload.(*schemas.GameOver)
	if !terminal {
		return o, !decidedLater(kind, ev)
	}
	if !ends(kind, ev.Type) {
		return refused(schemas.CodeGameOver, tooLate(over.Termination)), true
	}
	return o, true
}

func decidedLater(kind schemas.CommandType, ev schemas.Event) bool {
	switch p := ev.Payload.(type) {
	case *schemas.GameCreatedPayload:
		return true
	case *schemas.MoveMadePayload:
		return kind == schemas.PlayMove && p.DeadlineAt == 0 // nobody is to move after it
	}
	return false
}

// ends reports whether a terminal event is what the command asked for. If not,
// the command came too late, and what it found out is that the game was over.
func ends(kind schemas.CommandType, ev schemas.EventType) bool {
	switch kind {
	case schemas.PlayMove, schemas.OfferDraw, schemas.AcceptDraw, schemas.ClaimDraw, schemas.ClaimVanished:
		return ev == schemas.GameEnded
	case schemas.Resign:
		return ev == schemas.GameResigned
	case schemas.AbortGame:
		return ev == schemas.GameAborted
	}
	return false
}

func tooLate(t schemas.Termination) string {
	switch t {
	case schemas.TimeForfeit, schemas.TimeVsInsufficient:
		return "too late: the flag fell"
	case schemas.FirstMoveExpired:
		return "too late: the time for the first move was over"
	default:
		return "the game is over"
	}
}
