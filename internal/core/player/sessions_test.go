package player

import (
	"testing"

	"tabiya/schemas"
)

func TestEndOfSessionsIsToldOnce(t *testing.T) {
	t.Parallel()
	d := registered(t)
	end := &schemas.EndSessionsPayload{NotBefore: 1764244800123}
	e := event(t, d.command(id(1), schemas.EndSessions, schemas.ActorSystem, end))
	if p := e.Payload.(*schemas.SessionsEndedPayload); e.Type != schemas.SessionsEnded || p.NotBefore != end.NotBefore {
		t.Fatalf("%+v %+v", e, p)
	}
	// The relay publishes a command again after a crash.
	if out := d.command(id(1), schemas.EndSessions, schemas.ActorSystem, end); len(out) != 0 {
		t.Errorf("a repeat makes %+v", out)
	}
	one := &schemas.EndSessionsPayload{TokenID: id(7), IssuedAt: 1764244800000}
	if p := event(t, d.command(id(2), schemas.EndSessions, schemas.ActorSystem, one)).Payload.(*schemas.SessionsEndedPayload); p.TokenID != id(7) || p.IssuedAt != one.IssuedAt {
		t.Errorf("%+v", p)
	}
}

func TestEndOfNoSessionAndOfAClosedAccountRefused(t *testing.T) {
	t.Parallel()
	d := registered(t)
	refused(t, d.command(id(1), schemas.EndSessions, schemas.ActorService, &schemas.EndSessionsPayload{}), schemas.CodeInvalidField)
	refused(t, d.command(id(2), schemas.EndSessions, schemas.ActorService, &schemas.EndSessionsPayload{TokenID: "x"}), schemas.CodeInvalidField)
	d.command(id(3), schemas.ClosePlayer, schemas.ActorService, nil)
	refused(t, d.command(id(4), schemas.EndSessions, schemas.ActorService, &schemas.EndSessionsPayload{NotBefore: 1}), schemas.CodePlayerClosed)
}
