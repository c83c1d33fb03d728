package pending

import (
	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

// Outcome is the answer to a command.
type Outcome struct {
	// Code is why the command was refused; empty if it was accepted.
	Code   schemas.Code
	Detail string

	// Seq is the seq of the command's first event except TimeRestored, and Envelope is
	// that event as it is in the log.
	Seq      int64
	Envelope []byte
	Standing held.Standing // after the command
}

// Refused is the outcome of a command that is not sent.
func Refused(code schemas.Code, detail string) Outcome { return refused(code, detail) }

func refused(code schemas.Code, detail string) Outcome { return Outcome{Code: code, Detail: detail} }

func keyReused() Outcome { return refused(schemas.CodeKeyReused, KeyReusedDetail) }

// KeyReusedDetail is the detail of CodeKeyReused.
const KeyReusedDetail = "this key was used for something else"

// outcomeOf returns the outcome of a command from an event that it caused. settled is
// false if a later event of the command decides the outcome: GameStarted after
// GameCreated, the game's end after its last move, or anything after TimeRestored.
func outcomeOf(kind schemas.CommandType, ev schemas.Event, standing held.Standing) (o Outcome, settled bool) {
	o = Outcome{Seq: ev.Seq, Standing: standing}
	over, terminal := ev.Payload.(*schemas.GameOver)
	if !terminal {
		return o, !hasSecondEvent(kind, ev)
	}
	if !mayEndWith(kind, ev.Type) {
		return refused(schemas.CodeGameOver, whyOver(over.Termination)), true
	}
	return o, true
}

// hasSecondEvent reports whether a command has another event after ev.
func hasSecondEvent(kind schemas.CommandType, ev schemas.Event) bool {
	switch p := ev.Payload.(type) {
	case *schemas.GameCreatedPayload, *schemas.TimeRestoredPayload:
		return true
	case *schemas.MoveMadePayload:
		return kind == schemas.PlayMove && p.DeadlineAt == 0 // the move ends the game
	}
	return false
}

// mayEndWith reports whether an accepted command can end the game with this event. If
// not, the command came too late, and the answer is game_over: for example, the
// processor found that the flag had fallen.
func mayEndWith(kind schemas.CommandType, ev schemas.EventType) bool {
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

// whyOver returns the detail of CodeGameOver.
func whyOver(t schemas.Termination) string {
	switch t {
	case schemas.TimeForfeit, schemas.TimeVsInsufficient:
		return "too late: the flag fell"
	case schemas.FirstMoveExpired:
		return "too late: the time for the first move was over"
	default:
		return "the game is over"
	}
}
