package queue

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"tabiya/schemas"
)

var here, elsewhere = id("instance", 1), id("instance", 2)

func (d *fixture) enterHeld(n int, holder string, since schemas.Time) []schemas.Message {
	d.t.Helper()
	d.origin++
	return d.command(id("ticket", n), schemas.EnterQueue, id("player", n), &schemas.EnterQueuePayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Handle: fmt.Sprint("player-", n), Rating: 1500, Deviation: 80.5,
		Holder: holder, Since: since, Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
	})
}

func (d *fixture) tell(t schemas.CommandType, n int, holder string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), t, schemas.ActorSystem, &schemas.HoldTicketPayload{TicketID: id("ticket", n), Holder: holder})
}

func (d *fixture) silent(holders ...string) {
	d.t.Helper()
	if out := d.command(schemas.NewID(), schemas.EndLeases, schemas.ActorSystem, &schemas.EndLeasesPayload{Holders: holders}); out != nil {
		d.t.Fatalf("%+v", out)
	}
}

func (d *fixture) wantDormant(n int, want bool) {
	d.t.Helper()
	if t := d.s.ticket(uuid.MustParse(id("ticket", n))); t == nil || t.Dormant() != want {
		d.t.Fatalf("ticket %d is %+v, want dormant=%t", n, t, want)
	}
}

func TestDormantTicketIsNotPairedAndKeepsItsCredit(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, 0)
	d.enter(9, 3000)
	for range 3 {
		d.wave()
		d.at = d.at.Add(time.Second)
	}
	d.tell(schemas.LapseTicket, 1, elsewhere) // another instance holds it
	d.wantDormant(1, false)
	d.tell(schemas.LapseTicket, 1, here)
	d.wantDormant(1, true)
	if d.s.WaitingCount() != 1 {
		t.Fatalf("%d wait", d.s.WaitingCount())
	}
	d.enterHeld(2, here, 0)
	if out := d.wave(); out != nil {
		t.Fatalf("paired with a player who is gone: %+v", out)
	}
	d.at = d.at.Add(d.cfg.Dormancy - time.Minute)
	d.tell(schemas.HoldTicket, 1, elsewhere)
	d.wantDormant(1, false)
	if got := d.s.ticket(uuid.MustParse(id("ticket", 1))).Missed; got != 3 {
		t.Fatalf("the credit is %d waves, want 3", got)
	}
	m, _ := d.found(d.wave())
	if m.White.TicketID == id("ticket", 9) || m.Black.TicketID == id("ticket", 9) {
		t.Fatalf("%+v", m)
	}
}

func TestDormantTicketIsDropped(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, 0)
	d.tell(schemas.LapseTicket, 1, here)
	due, cmd, ok := d.cfg.NextTimer(d.s)
	if !ok || cmd.Type != schemas.DropLapsed || due != d.at.Add(2*time.Minute) {
		t.Fatalf("%v %+v", due, cmd)
	}
	d.at = due - 1
	if out := d.command(cmd.ID, cmd.Type, cmd.Actor, cmd.Payload); out != nil {
		t.Fatalf("dropped early: %+v", out)
	}
	d.at = due
	out := d.command(cmd.ID, cmd.Type, cmd.Actor, cmd.Payload)
	if len(out) != 2 || out[0].(schemas.Event).Type != schemas.PlayerLeftQueue || out[1].(schemas.Command).Type != schemas.ReleaseSeat || len(d.s.Waiting) != 0 {
		t.Fatalf("%+v", out)
	}
	if out := d.tell(schemas.HoldTicket, 1, here); out != nil || len(d.s.Waiting) != 0 {
		t.Fatalf("it came back: %+v", out)
	}
}

func TestLongestDormantTicketMakesRoomInAFullQueue(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.cfg.MaxTickets = 3
	for n := 1; n <= 3; n++ {
		d.enterHeld(n, here, 0)
	}
	d.refused(d.enterHeld(4, here, 0)[:1], schemas.CodeQueueFull)
	for _, n := range []int{2, 1} {
		d.at = d.at.Add(time.Second)
		d.tell(schemas.LapseTicket, n, here)
	}
	out := d.enterHeld(5, here, 0)
	if len(out) != 3 {
		t.Fatalf("%+v", out)
	}
	answer, left, release := out[0].(schemas.Event), out[1].(schemas.Event), out[2].(schemas.Command)
	if answer.Type != schemas.PlayerQueued || answer.Payload.(*schemas.PlayerQueuedPayload).Waiting != 3 {
		t.Fatalf("%+v", answer)
	}
	if left.Type != schemas.PlayerLeftQueue || left.Payload.(*schemas.PlayerLeftQueuePayload).TicketID != id("ticket", 2) || release.Type != schemas.ReleaseSeat || release.Key != id("player", 2) {
		t.Fatalf("%+v %+v", left, release)
	}
	d.wantDormant(1, true)
	d.repeated(d.enterFrom(5, 1500, d.origin), answer.Seq)
	if len(d.s.Waiting) != 3 {
		t.Fatalf("%+v", d.s.Waiting)
	}
}

func TestRepeatedTicketOfARepairedSeatWaitsOnce(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, 0)
	d.enterHeld(1, here, 0) // from a later place in the player's commands
	if len(d.s.Waiting) != 1 {
		t.Fatalf("%+v", d.s.Waiting)
	}
}

func TestDeathOfInstanceEndsTheLeasesItHeld(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, 0)
	d.enterHeld(2, elsewhere, 0)
	d.enter(3, 1500) // needs no sign of life
	d.silent()
	d.silent(id("instance", 3))
	d.silent(here)
	d.wantDormant(1, true)
	d.wantDormant(2, false)
	d.wantDormant(3, false)
	if holders := d.s.Holders(); len(holders) != 1 || holders[0] != elsewhere {
		t.Fatalf("%v", holders)
	}
	d.at = d.at.Add(time.Second)
	m, _ := d.found(d.wave())
	if m.White.TicketID == id("ticket", 1) || m.Black.TicketID == id("ticket", 1) {
		t.Fatalf("%+v", m)
	}
	// A ticket that waits alone has its lease checked as well.
	alone := newFixture(t)
	alone.enterHeld(1, here, 0)
	if at, cmd, ok := alone.cfg.NextTimer(alone.s); !ok || cmd.Type != schemas.EndLeases || at != epoch.Add(leaseCheck) {
		t.Fatalf("%v %+v", at, cmd)
	}
}

func TestTicketAfterANoShowHasTheCreditOfTheWholeWait(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, d.at.Add(-40*time.Second))
	d.wantDormant(1, true) // the player may have left while they waited for the first move
	if got := d.s.Waiting[0]; got.Missed != 40 || got.JoinedAt != d.at.Add(-40*time.Second) {
		t.Fatalf("%+v", got)
	}
	d.tell(schemas.HoldTicket, 1, here)
	d.wantDormant(1, false)
	d.enterHeld(2, here, 1)
	if got := d.s.Waiting[1].Missed; got != maxCredit {
		t.Fatalf("the credit is %d", got)
	}
	// After a repair the seat knows no holder, and no time before the game's end. The
	// clocks of two brokers need not agree on that.
	d.enterHeld(3, "", d.at)
	d.enterHeld(4, "", d.at.Add(time.Second))
	for n := 3; n <= 4; n++ {
		d.wantDormant(n, true)
		if got := d.s.Waiting[n-1]; got.Missed != 0 || got.JoinedAt != d.at {
			t.Fatalf("%+v", got)
		}
	}
}

// Nothing is told of a ticket in a match: both players may have left meanwhile.
func TestTicketOfAFailedMatchIsNotPairedBeforeItsPlayerIsHeardOf(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enterHeld(1, here, 0)
	d.enterHeld(2, here, 0)
	d.at = d.at.Add(time.Second)
	m, _ := d.found(d.wave())
	d.tell(schemas.LapseTicket, 1, here)
	d.silent(here)
	d.at = d.at.Add(d.cfg.MatchDeadline)
	d.expire(m.GameID)
	for n := 1; n <= 2; n++ {
		d.wantDormant(n, true)
		d.allowPairing(n, 2)
	}
	if out := d.wave(); out != nil {
		t.Fatalf("paired with a player who is gone: %+v", out)
	}
	d.tell(schemas.HoldTicket, 1, here)
	d.tell(schemas.HoldTicket, 2, elsewhere)
	if m, _ := d.found(d.wave()); m.White.Attempt != 2 {
		t.Fatalf("%+v", m)
	}
}
