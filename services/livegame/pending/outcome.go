package pending

import (
	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

// Outcome is what became of a command.
type Outcome struct {
	// Code is why it was refused; empty if it was accepted.
	Code   schemas.Code
	Detail string

	// Seq is the command's first event, and Envelope that event as it is in the log.
	Seq      int64
	Envelope []byte
	Standing held.Standing // after the command
}

func refused(code schemas.Code, detail string) Outcome { return Outcome{Code: code, Detail: detail} }

func keyReused() Outcome { return refused(schemas.CodeKeyReused, KeyReusedDetail) }

// KeyReusedDetail tells a client that it used an idempotency key twice.
const KeyReusedDetail = "this key was used for something else"

// outcomeOf says what an event means to the command that caused it. settled is
// false where a second event of the same command decides: GameStarted after
// GameCreated, or the game's end after its last move.
func outcomeOf(kind schemas.CommandType, ev schemas.Event, standing held.Standing) (o Outcome, settled bool) {
	o = Outcome{Seq: ev.Seq, Standing: standing}
	over, terminal := ev.Payload.(*schemas.GameOver)
	if !terminal {
		return o, !decidedLater(kind, ev)
	}
	if !asksForEnd(kind, ev.Type) {
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

// asksForEnd reports whether a terminal event is what the command asked for. If
// not, the command came too late: what it found out is that the game was over.
func asksForEnd(kind schemas.CommandType, ev schemas.EventType) bool {
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
