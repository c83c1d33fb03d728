package livegame

import "tabiya/schemas"

// judge says what an event means to the command that caused it. settled is false
// where a second event of the same command decides: GameStarted after
// GameCreated, the end of the game after its last move.
func judge(kind schemas.CommandType, ev schemas.Event) (o outcome, settled bool) {
	o = outcome{seq: ev.Seq, ply: plyOf(ev)}
	over, terminal := ev.Payload.(*schemas.GameOver)
	if !terminal {
		return o, !decidedLater(kind, ev)
	}
	if !ends(kind, ev.Type) {
		return refused(schemas.CodeGameOver, tooLate(over.Termination)), true
	}
	o.end = over
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
	case schemas.PlayMove, schemas.OfferDraw, schemas.AcceptDraw:
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

// plyOf is how many plies were played after the event, where it tells.
func plyOf(ev schemas.Event) int {
	switch p := ev.Payload.(type) {
	case *schemas.MoveMadePayload:
		return p.Ply
	case *schemas.DrawOfferedPayload:
		return p.Ply
	case *schemas.DrawDeclinedPayload:
		return p.Ply
	case *schemas.GameOver:
		return p.Plies
	}
	return 0
}
