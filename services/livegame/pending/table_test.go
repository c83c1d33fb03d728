package pending

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

func TestOutcomeOfEventByCommand(t *testing.T) {
	t.Parallel()
	over := func(kind schemas.EventType, why schemas.Termination) schemas.Event {
		return schemas.Event{Type: kind, Seq: 9, Payload: &schemas.GameOver{Termination: why}}
	}
	lastMove := schemas.Event{Type: schemas.MoveMade, Payload: &schemas.MoveMadePayload{}}
	moved := schemas.Event{Type: schemas.MoveMade, Payload: &schemas.MoveMadePayload{DeadlineAt: 1}}
	for _, c := range []struct {
		kind    schemas.CommandType
		event   schemas.Event
		code    schemas.Code
		settled bool
	}{
		{schemas.PlayMove, moved, "", true},
		{schemas.PlayMove, lastMove, "", false},
		{schemas.PlayMove, over(schemas.GameEnded, schemas.Checkmate), "", true},
		{schemas.PlayMove, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.PlayMove, over(schemas.GameAborted, schemas.FirstMoveExpired), schemas.CodeGameOver, true},
		{schemas.Resign, over(schemas.GameResigned, schemas.Resignation), "", true},
		{schemas.Resign, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.OfferDraw, schemas.Event{Type: schemas.DrawOffered, Payload: &schemas.DrawOfferedPayload{}}, "", true},
		{schemas.OfferDraw, over(schemas.GameEnded, schemas.Agreement), "", true},
		{schemas.AcceptDraw, over(schemas.GameEnded, schemas.Agreement), "", true},
		{schemas.AcceptDraw, over(schemas.GameTimeout, schemas.Agreement), schemas.CodeGameOver, true},
		{schemas.AbortGame, over(schemas.GameAborted, schemas.AbortedByPlayer), "", true},
		{schemas.ClaimDraw, over(schemas.GameEnded, schemas.ThreefoldRepetition), "", true},
		{schemas.ClaimDraw, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.ClaimVanished, over(schemas.GameEnded, schemas.Abandoned), "", true},
		{schemas.ClaimVanished, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.OfferTakeback, schemas.Event{Type: schemas.TakebackAccepted, Payload: &schemas.TakebackAcceptedPayload{}}, "", true},
		{schemas.AcceptTakeback, over(schemas.GameTimeout, schemas.TimeForfeit), schemas.CodeGameOver, true},
		{schemas.AddTime, schemas.Event{Type: schemas.TimeAdded, Payload: &schemas.TimeAddedPayload{}}, "", true},
		{schemas.AcceptRematch, schemas.Event{Type: schemas.RematchAccepted, Payload: &schemas.RematchAcceptedPayload{}}, "", true},
		{schemas.CreateGame, schemas.Event{Type: schemas.GameCreated, Payload: &schemas.GameCreatedPayload{}}, "", false},
		{schemas.CreateGame, schemas.Event{Type: schemas.GameStarted, Payload: &schemas.GameStartedPayload{}}, "", true},
	} {
		if o, settled := outcomeOf(c.kind, c.event, held.Standing{}); o.Code != c.code || settled != c.settled {
			t.Errorf("%s after %s: %q, settled %t", c.event.Type, c.kind, o.Code, settled)
		}
	}
}

func TestCommandInFlightIsSentOnce(t *testing.T) {
	t.Parallel()
	a := newTable(2, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
	k := key{"game", "command"}
	q := request{schemas.PlayMove, "e2e4 0"}
	var got []Outcome
	done := func(o Outcome) { got = append(got, o) }
	now := time.Now()
	if send, known, _ := a.expect(k, q, now, done); !send || known {
		t.Fatal("the first request is not sent")
	}
	if send, known, _ := a.expect(k, q, now, done); send || known {
		t.Fatal("the repeat does not wait for the first request")
	}
	if _, known, o := a.expect(k, request{schemas.PlayMove, "d2d4 0"}, now, done); !known || o.Code != schemas.CodeKeyReused {
		t.Fatalf("another move under the same id: %+v", o)
	}
	a.expect(key{"other game", "command"}, q, now, done)
	if _, known, o := a.expect(key{"third game", "command"}, q, now, done); !known || o.Code != schemas.CodeUnavailable {
		t.Fatalf("more than the limit: %+v", o)
	}
	ev := schemas.Event{Type: schemas.MoveMade, Key: "game", CommandID: "command", Seq: 3, Payload: &schemas.MoveMadePayload{Ply: 1, DeadlineAt: 1}}
	a.event(held.Folded{Event: ev, Envelope: []byte("raw")})
	a.event(held.Folded{Event: ev, Envelope: []byte("raw")})
	if len(got) != 2 || got[0].Seq != 3 || string(got[1].Envelope) != "raw" {
		t.Fatalf("%+v", got)
	}
	if unacked := a.expire(now.Add(-time.Second)); !unacked.Equal(now) || a.len() != 1 {
		t.Errorf("not acknowledged since %v, %d wait", unacked, a.len())
	}
	a.expire(now.Add(time.Second))
	if len(got) != 3 || got[2].Code != schemas.CodeOutcomeUnknown || a.len() != 0 {
		t.Errorf("%+v, %d wait", got, a.len())
	}
}

func TestRefusalIsForgottenAfterAcceptance(t *testing.T) {
	t.Parallel()
	a := newTable(2, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}))
	a.reject(schemas.Reply{Key: "game", CommandID: "c", CommandType: schemas.PlayMove, Code: schemas.CodeNotYourTurn})
	q := request{schemas.PlayMove, ""}
	if _, known, o := a.expect(key{"game", "c"}, q, time.Now(), nil); !known || o.Code != schemas.CodeNotYourTurn {
		t.Fatalf("%+v", o)
	}
	if _, known, o := a.expect(key{"game", "c"}, request{schemas.Resign, ""}, time.Now(), nil); !known || o.Code != schemas.CodeKeyReused {
		t.Fatalf("%+v", o)
	}
	a.event(held.Folded{Event: schemas.Event{Type: schemas.MoveMade, Key: "game", CommandID: "c"}})
	if send, _, _ := a.expect(key{"game", "c"}, q, time.Now(), nil); !send {
		t.Error("the command is still refused")
	}
}

func TestRefusalKeepsItsFirstReason(t *testing.T) {
	t.Parallel()
	a := newTable(10, prometheus.NewHistogram(prometheus.HistogramOpts{}))
	reply := schemas.Reply{Type: schemas.CommandRejected, CommandID: "c", CommandType: schemas.PlayMove, Key: "g", Code: schemas.CodeIllegalMove, Detail: "no"}
	a.reject(reply)
	reply.Code, reply.Detail = schemas.CodeNotAccepted, "the command was refused"
	a.reject(reply) // the processor's replay after a crash
	_, known, o := a.expect(key{"g", "c"}, request{schemas.PlayMove, "e2e5 0"}, time.Now(), nil)
	if !known || o.Code != schemas.CodeIllegalMove || o.Detail != "no" {
		t.Fatalf("%v %+v", known, o)
	}
}
