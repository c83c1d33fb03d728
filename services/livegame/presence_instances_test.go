package livegame_test

import (
	"testing"
	"time"

	"tabiya/schemas"
)

// An instance that reads that a player has disconnected, but has a connection of that
// player, records their return.
func TestPlayerConnectedToAnotherInstanceIsPresent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.startOther()
	id := r.newBlitz()
	here, there := r.dialAs(id, r.white), other.dialAs(id, r.white)
	here.until("state")
	there.until("state")
	_ = here.conn.CloseNow()
	r.eventuallyRecorded(id, whiteLeft, whiteBack)
	// White disconnects from the other instance too, and reconnects to this one.
	_ = there.conn.CloseNow()
	r.eventuallyRecorded(id, whiteLeft, whiteBack, whiteLeft)
	r.dialAs(id, r.white).until("state")
	r.eventuallyRecorded(id, whiteLeft, whiteBack, whiteLeft, whiteBack)
	<-time.After(whileGone)
	if n := r.marks(id); n != 4 {
		t.Errorf("%d commands", n)
	}
}

// A stopping instance records no disconnects, because its players reconnect to another.
func TestStoppingInstanceRecordsNoDisconnect(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.startOther()
	id := r.newBlitz()
	c := other.dialAs(id, r.white)
	c.until("state")
	other.stop()
	<-time.After(whileGone)
	if n := r.marks(id); n != 0 {
		t.Errorf("%d commands", n)
	}
}

// A killed instance records no disconnects, so a claim makes the other instances check
// the opponent.
func TestClaimChecksTheOpponentsPresence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	away, there := r.newBlitz(), r.newBlitz()
	r.dialAs(there, r.white).until("state")
	for _, id := range []string{away, there} {
		r.refused(409, schemas.CodeOpponentPresent, "POST", "/v1/games/"+id+"/claim", r.black.token, `{"as":"win"}`)
	}
	r.eventuallyRecorded(away, whiteLeft)
	r.refused(409, schemas.CodeTooEarlyToClaim, "POST", "/v1/games/"+away+"/claim", r.black.token, `{"as":"win"}`)
	if n := r.marks(there); n != 0 {
		t.Errorf("%d presence commands about a connected player", n)
	}
}

// A claim that must be refused anyway checks nobody. Otherwise a player who has left, or
// who is to move, could make the service record the opponent as gone.
func TestClaimThatMustBeRefusedChecksNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own, left, checked := r.newBlitz(), r.newBlitz(), r.newBlitz()
	r.refused(409, schemas.CodeYourTurn, "POST", "/v1/games/"+own+"/claim", r.white.token, `{"as":"win"}`)
	conn := r.dialAs(left, r.black)
	conn.until("state")
	conn.send(leaveFrame)
	r.eventuallyRecorded(left, blackWent)
	r.refused(409, schemas.CodeClaimantGone, "POST", "/v1/games/"+left+"/claim", r.black.token, `{"as":"win"}`)
	r.refused(409, schemas.CodeOpponentPresent, "POST", "/v1/games/"+checked+"/claim", r.black.token, `{"as":"win"}`)
	r.eventuallyRecorded(checked, whiteLeft) // checks have run by now
	if n := r.marks(own) + r.marks(left); n != 1 {
		t.Errorf("%d presence commands, want only Black's MarkGone", n)
	}
}
