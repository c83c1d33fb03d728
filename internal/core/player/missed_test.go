package player

import (
	"strings"
	"testing"
	"time"

	"tabiya/schemas"
)

// miss plays game n as a no-show.
func (d *fixture) miss(n int) {
	d.t.Helper()
	game := id(2000 + n)
	d.join(100+n, blitz)
	d.seatInGame(game, id(100+n), 1)
	d.result(game, schemas.RecordResultPayload{Missed: true})
	d.wantSeat(Idle)
}

func (d *fixture) result(game string, p schemas.RecordResultPayload) []schemas.Message {
	d.t.Helper()
	p.GameID, p.Speed = game, schemas.Blitz
	return d.command(schemas.NewID(), schemas.RecordResult, schemas.ActorSystem, &p)
}

func TestWhoMissesGamesAgainAndAgainWaitsLonger(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.miss(0)
	if d.s.Missed.Until() != 0 {
		t.Fatalf("one missed game has a wait: %+v", d.s.Missed)
	}
	for n, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		d.miss(1 + n)
		if got := d.s.Missed.Until(); got != d.s.Missed.At.Add(want) {
			t.Fatalf("after %d missed games the wait is %v, want %v", d.s.Missed.Games, got.Std().Sub(d.s.Missed.At.Std()), want)
		}
		d.at = d.s.Missed.Until().Add(-11 * time.Second)
		out := d.join(200+n, blitz)
		refused(t, out, schemas.CodeJoinTooSoon)
		if detail := out[0].(schemas.Reply).Detail; !strings.Contains(detail, "in 10 seconds") {
			t.Fatal(detail)
		}
		d.at = d.s.Missed.Until()
	}
	// A game that is played takes one off, and an hour takes all.
	before := d.s.Missed.Games
	d.record(game1, true, 1)
	if d.s.Missed.Games != before-1 {
		t.Fatalf("%+v", d.s.Missed)
	}
	d.at = d.at.Add(2 * time.Hour)
	d.miss(50)
	if d.s.Missed.Games != 1 {
		t.Fatalf("%+v", d.s.Missed)
	}
}

func TestOpponentOfNoShowIsQueuedAgainWithTheWait(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.command(id(1), schemas.JoinQueue, me, &schemas.JoinQueuePayload{Queue: blitz, Holder: game1})
	joined := d.at
	d.seatInGame(game1, id(1), 1)
	d.at = d.at.Add(25 * time.Second)
	cmd := forwarded(t, d.result(game1, schemas.RecordResultPayload{Again: true}))
	p := cmd.Payload.(*schemas.EnterQueuePayload)
	if cmd.Type != schemas.EnterQueue || cmd.Key != blitz || p.Since != joined || p.Holder != game1 || p.TicketID == id(1) || p.Attempt != 0 || p.Origin.Offset != d.offset {
		t.Fatalf("%+v %+v", cmd, p)
	}
	d.wantSeat(Queued)
	if out := d.result(game1, schemas.RecordResultPayload{Again: true}); out != nil {
		t.Fatalf("a repeat led to %+v", out)
	}
	repeated(t, d.join(1, blitz), 0)
	d.seatInGame("game 2", p.TicketID, 1)
	d.wantSeat(Playing)
	// The second no-show in a row counts from the first join, too.
	if p := forwarded(t, d.result("game 2", schemas.RecordResultPayload{Again: true})).Payload.(*schemas.EnterQueuePayload); p.Since != joined {
		t.Fatalf("%+v", p)
	}
}

// A seat that was made again knows neither a holder nor when its player joined.
func TestAgainAfterARepairSaysThatNobodyJoined(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.s.Seat = PlayingSeat(blitz, game1, schemas.Seated{TicketID: id(1), Attempt: 1}, nil)
	d.at = d.at.Add(25 * time.Second)
	p := forwarded(t, d.result(game1, schemas.RecordResultPayload{Again: true})).Payload.(*schemas.EnterQueuePayload)
	if p.Since != d.at || p.Holder != "" {
		t.Fatalf("%+v", p)
	}
}

func TestClosedAccountIsNotQueuedAgain(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	d.seatInGame(game1, id(1), 1)
	d.command(id(2), schemas.ClosePlayer, schemas.ActorService, nil)
	if out := d.result(game1, schemas.RecordResultPayload{Again: true}); out != nil {
		t.Fatalf("%+v", out)
	}
	d.wantSeat(Idle)
}
