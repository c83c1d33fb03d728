package player

import (
	"testing"

	"tabiya/schemas"
)

func TestJoinTakesSeatAndEntersQueueWithSameID(t *testing.T) {
	t.Parallel()
	d := registered(t)
	cmd := forwarded(t, d.join(1, blitz))
	p := cmd.Payload.(*schemas.EnterQueuePayload)
	want := schemas.EnterQueuePayload{
		TicketID: id(1), PlayerID: me, Handle: "anna", Rating: 1500, Deviation: 500,
		Origin: schemas.Origin{Partitions: 4, Partition: 1, Offset: d.offset},
	}
	if cmd.ID != id(1) || cmd.Type != schemas.EnterQueue || cmd.Key != blitz || cmd.Actor != me || *p != want {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.wantSeat(Queued)

	refused(t, d.join(2, rapid), schemas.CodeAlreadyQueued)
	// A repeat sends the same command to the queue again.
	same(t, []schemas.Message{cmd}, d.join(1, blitz))
	refused(t, d.join(1, rapid), schemas.CodeKeyReused)
	refused(t, d.command(id(1), schemas.LeaveQueue, me, nil), schemas.CodeKeyReused)

	d.seatInGame(game1, id(1), 1)
	d.wantSeat(Playing)
	refused(t, d.join(3, blitz), schemas.CodeAlreadyPlaying)
	repeated(t, d.join(1, blitz), 0)
	d.record(game1, false, 1)
	d.wantSeat(Idle)
	repeated(t, d.join(1, blitz), 0)
	refused(t, d.join(1, rapid), schemas.CodeKeyReused)
}

func TestRefusedJoins(t *testing.T) {
	t.Parallel()
	d := &fixture{t: t, at: epoch}
	refused(t, d.join(1, blitz), schemas.CodePlayerNotFound)
	d = registered(t)
	refused(t, d.join(1, "eu/4+4/0"), schemas.CodeQueueNotFound)
	refused(t, d.join(2, "nowhere"), schemas.CodeQueueNotFound)
	if e := event(t, d.command(id(3), schemas.ClosePlayer, schemas.ActorService, nil)); e.Type != schemas.PlayerClosed {
		t.Fatalf("%+v", e)
	}
	refused(t, d.join(4, blitz), schemas.CodePlayerClosed)
	refused(t, d.command(id(5), schemas.ClosePlayer, schemas.ActorService, nil), schemas.CodePlayerClosed)
	repeated(t, d.command(id(3), schemas.ClosePlayer, schemas.ActorService, nil), 2)
}

func TestLeaveKeepsSeatUntilQueueReleasesIt(t *testing.T) {
	t.Parallel()
	d := registered(t)
	refused(t, d.command(id(1), schemas.LeaveQueue, me, nil), schemas.CodeNotQueued)
	d.join(2, blitz)
	first := d.command(id(3), schemas.LeaveQueue, me, nil)
	cmd := forwarded(t, first)
	p := cmd.Payload.(*schemas.RemoveTicketPayload)
	if cmd.ID != id(3) || cmd.Type != schemas.RemoveTicket || cmd.Key != blitz || p.TicketID != id(2) || p.Origin.Offset != d.offset {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.wantSeat(Queued)
	same(t, first, d.command(id(3), schemas.LeaveQueue, me, nil))
	d.release("another ticket")
	d.wantSeat(Queued)
	d.release(id(2))
	d.wantSeat(Idle)
	repeated(t, d.command(id(3), schemas.LeaveQueue, me, nil), 0)
	// A repeat must not remove the next ticket.
	d.join(4, blitz)
	repeated(t, d.command(id(3), schemas.LeaveQueue, me, nil), 0)
	d.seatInGame(game1, id(4), 1)
	refused(t, d.command(id(5), schemas.LeaveQueue, me, nil), schemas.CodeAlreadyMatched)
}

func TestLateSeatInGameOfFailedMatchIsIgnored(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	cmd := forwarded(t, d.requeue(game1, id(1), 2))
	if p := cmd.Payload.(*schemas.EnterQueuePayload); p.Attempt != 2 || p.TicketID != id(1) || p.Origin.Offset != d.offset || cmd.Actor != schemas.ActorSystem {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.seatInGame(game1, id(1), 1)
	d.wantSeat(Queued)
	d.seatInGame("game 2", id(1), 2)
	d.wantSeat(Playing)
	if out := d.requeue(game1, id(1), 2); out != nil {
		t.Fatalf("a repeated RequeueSeat led to %+v", out)
	}
	d.wantSeat(Playing)
	d.release(id(1))
	d.wantSeat(Playing)
	d.record(game1, false, 0)
	d.wantSeat(Playing)
	d.record("game 2", false, 0)
	d.wantSeat(Idle)
}

func TestExpiredMatchReturnsSeatToTicket(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	d.seatInGame(game1, id(1), 1)
	forwarded(t, d.requeue(game1, id(1), 2))
	d.wantSeat(Queued)
	if d.s.Seat.Attempt != 2 || d.s.Seat.GameID != "" {
		t.Fatalf("%+v", d.s.Seat)
	}
	d.record(game1, false, 0)
	d.wantSeat(Queued)
}

func TestRequeueOfReleasedSeatRemovesTicket(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	d.seatInGame(game1, id(1), 1)
	d.record(game1, true, 1) // it ended although its match had expired
	cmd := forwarded(t, d.requeue(game1, id(1), 2))
	if p := cmd.Payload.(*schemas.RemoveTicketPayload); cmd.Key != blitz || p.TicketID != id(1) || p.PlayerID != me || cmd.Actor != schemas.ActorSystem {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.wantSeat(Idle)
	d.join(2, rapid)
	if cmd := forwarded(t, d.requeue(game1, id(1), 2)); cmd.Type != schemas.RemoveTicket {
		t.Fatalf("%+v", cmd)
	}
	if d.wantSeat(Queued); d.s.Seat.TicketID != id(2) {
		t.Fatalf("%+v", d.s.Seat)
	}
}

func TestClosedAccountLeavesItsQueue(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	out := d.command(id(2), schemas.ClosePlayer, schemas.ActorService, nil)
	if len(out) != 2 || event(t, out).Type != schemas.PlayerClosed || out[1].(schemas.Command).Type != schemas.RemoveTicket {
		t.Fatalf("%+v", out)
	}
	d.wantSeat(Queued) // the ticket may already be matched: the queue decides
	if cmd := forwarded(t, d.requeue(game1, id(1), 2)); cmd.Type != schemas.RemoveTicket {
		t.Fatalf("%+v", cmd)
	}
	d.wantSeat(Idle)
}

func TestReplayKeepsRefusedCommandsRefused(t *testing.T) {
	t.Parallel()
	d := registered(t)
	leave := schemas.Command{ID: id(1), Type: schemas.LeaveQueue, Key: me, Region: "eu", Actor: me}
	early := schemas.Origin{Partitions: 4, Partition: 1, Offset: d.offset + 1} // refused: not queued
	d.join(2, blitz)
	refused(t, Replay(d.s, leave, d.at, early), schemas.CodeNotAccepted)
	join := schemas.Command{ID: id(3), Type: schemas.JoinQueue, Key: me, Region: "eu", Actor: me, Payload: &schemas.JoinQueuePayload{Queue: blitz}}
	refused(t, Replay(d.s, join, d.at, early), schemas.CodeNotAccepted)
	// Refused first, accepted when it was sent again: the first stays refused.
	join.ID = id(2)
	refused(t, Replay(d.s, join, d.at, early), schemas.CodeNotAccepted)
	update := schemas.Command{ID: id(4), Type: schemas.UpdatePlayer, Key: me, Region: "eu", Actor: schemas.ActorSystem, Payload: &schemas.UpdatePlayerPayload{}}
	if out := Replay(d.s, update, d.at, early); out != nil {
		t.Fatalf("a processor got a reply: %+v", out)
	}
	if out := Replay(nil, leave, d.at, early); out != nil {
		t.Fatalf("without a row Replay returned %+v", out)
	}
}
