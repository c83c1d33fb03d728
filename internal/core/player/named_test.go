package player

import (
	"testing"
	"time"

	"tabiya/schemas"
)

// rematch is a named game in which the player has Black.
func (d *fixture) rematch(n int) schemas.NamedGame {
	return schemas.NamedGame{
		GameID: id(1000 + n), WhiteID: opponent, BlackID: me, TimeControl: schemas.TimeControl{InitialCs: 18000}, Rated: true,
		RematchOf: game1, Deadline: d.at.Add(schemas.RematchWithin),
	}
}

func (d *fixture) take(g schemas.NamedGame) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.TakeSeat, schemas.ActorSystem, &schemas.TakeSeatPayload{Color: schemas.Black, Game: g})
}

func TestSeatForNamedGameHasPresentRating(t *testing.T) {
	t.Parallel()
	d := registered(t)
	rated := event(t, d.record(game1, true, 0)).Payload.(*schemas.PlayerRatedPayload)
	g := d.rematch(1)
	cmd := forwarded(t, d.take(g))
	p := cmd.Payload.(*schemas.EnterQueuePayload)
	if cmd.Type != schemas.EnterQueue || cmd.Key != schemas.NamedQueueKey("eu", g.GameID) || p.Rating != rated.Rating || p.Named == nil || *p.Named != g {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.wantSeat(Queued)
	refused(t, d.join(1, blitz), schemas.CodeAlreadyPlaying)
	refused(t, d.command(id(2), schemas.LeaveQueue, me, nil), schemas.CodeNotQueued)
	if out := d.take(g); out != nil {
		t.Fatalf("a repeated TakeSeat led to %+v", out)
	}
	d.seatInGame(g.GameID, g.TicketID(schemas.Black), 1)
	d.wantSeat(Playing)
	d.record(g.GameID, true, 1)
	d.wantSeat(Idle)
	// The games processor died before its commit, and sends it again.
	if out := d.take(g); out != nil {
		t.Fatalf("a repeated TakeSeat led to %+v", out)
	}
	d.at = g.Deadline.Add(askedFor - 10*time.Second)
	if out := d.take(g); out != nil {
		t.Fatalf("a late TakeSeat led to %+v", out)
	}
	d.wantSeat(Idle)
}

func TestSeatForNamedGameIsRefused(t *testing.T) {
	t.Parallel()
	for want, prepare := range map[schemas.SeatRefusal]func(*fixture, *schemas.NamedGame){
		schemas.SeatTaken: func(d *fixture, _ *schemas.NamedGame) { d.join(1, blitz) },
		schemas.AccountClosed: func(d *fixture, _ *schemas.NamedGame) {
			d.command(id(1), schemas.ClosePlayer, schemas.ActorService, nil)
		},
		schemas.NoAnswer: func(d *fixture, g *schemas.NamedGame) { d.at = g.Deadline },
	} {
		d := registered(t)
		g := d.rematch(1)
		prepare(d, &g)
		before := d.s.Seat
		cmd := forwarded(t, d.take(g))
		p, ok := cmd.Payload.(*schemas.RemoveTicketPayload)
		if !ok || p.Reason != want || p.Named == nil || *p.Named != g || p.PlayerID != me || cmd.Key != schemas.NamedQueueKey("eu", g.GameID) {
			t.Fatalf("%s: %+v %+v", want, cmd, p)
		}
		if d.s.Seat != before {
			t.Fatalf("%s: the seat is %+v", want, d.s.Seat)
		}
		// It stays refused, whatever the seat is by then.
		if out := d.take(g); out != nil {
			t.Fatalf("%s: a repeat led to %+v", want, out)
		}
	}
}

func TestSeatIsReleasedFromGameThatDidNotStartInTime(t *testing.T) {
	t.Parallel()
	d := registered(t)
	g := d.rematch(1)
	ticket := g.TicketID(schemas.Black)
	d.take(g)
	d.seatInGame(g.GameID, ticket, 1)
	d.release(ticket)
	d.wantSeat(Playing)
	d.command(schemas.NewID(), schemas.ReleaseSeat, schemas.ActorSystem, &schemas.ReleaseSeatPayload{TicketID: ticket, GameID: g.GameID})
	d.wantSeat(Idle)
	d.seatInGame(g.GameID, ticket, 1)
	d.wantSeat(Idle)
}

func TestNamedGamesBeyondMemoryAreRefused(t *testing.T) {
	t.Parallel()
	d := registered(t)
	deadline := d.at.Add(time.Hour)
	take := func(n int) (refusal schemas.SeatRefusal) {
		g := d.rematch(n)
		g.Deadline = deadline
		if p, ok := forwarded(t, d.take(g)).Payload.(*schemas.RemoveTicketPayload); ok {
			return p.Reason
		}
		d.seatInGame(g.GameID, g.TicketID(schemas.Black), 1)
		d.record(g.GameID, false, 0)
		return ""
	}
	for n := range askedKept {
		if why := take(n); why != "" {
			t.Fatalf("game %d: %s", n, why)
		}
	}
	if why := take(askedKept); why != schemas.SeatTaken || len(d.s.Asked) > askedKept {
		t.Fatalf("%q, %d remembered", why, len(d.s.Asked))
	}
}

func TestClosedAccountGivesUpSeatForNamedGame(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.take(d.rematch(1))
	out := d.command(id(2), schemas.ClosePlayer, schemas.ActorService, nil)
	if p := out[1].(schemas.Command).Payload.(*schemas.RemoveTicketPayload); p.Reason != schemas.AccountClosed {
		t.Fatalf("%+v", p)
	}
}
