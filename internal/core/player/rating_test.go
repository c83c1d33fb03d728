package player

import (
	"fmt"
	"testing"

	"tabiya/schemas"
)

func TestResultIsRatedOnceAtItsSpeed(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	d.seatInGame(game1, id(1), 1)
	out := d.record(game1, true, 1)
	d.wantSeat(Idle)
	p := event(t, out).Payload.(*schemas.PlayerRatedPayload)
	if p.GameID != game1 || p.Speed != schemas.Blitz || p.Games != 1 || p.Rating <= 1500 || p.Deviation >= 500 {
		t.Fatalf("%+v", p)
	}
	if change := p.Rating - 1500; change-p.Change > 1e-9 || p.Change-change > 1e-9 {
		t.Fatalf("changed by %v, the event says %v", change, p.Change)
	}
	if out := d.record(game1, true, 1); out != nil {
		t.Fatalf("the same game was rated again: %+v", out)
	}
	r := d.s.Rating(schemas.Blitz)
	if r.Rating != p.Rating || r.Games != 1 || r.At != d.at.Add(-1e9) || d.s.Rating(schemas.Rapid).Rating != 1500 {
		t.Fatalf("%+v", d.s.Ratings)
	}
	// The next ticket carries the new rating at its pool's speed.
	if p2 := forwarded(t, d.join(2, blitz)).Payload.(*schemas.EnterQueuePayload); p2.Rating != p.Rating || p2.Deviation != p.Deviation {
		t.Fatalf("%+v", p2)
	}
	d.release(id(2))
	if p2 := forwarded(t, d.join(3, rapid)).Payload.(*schemas.EnterQueuePayload); p2.Rating != 1500 {
		t.Fatalf("%+v", p2)
	}
}

func TestGameWithoutQueueIsRatedAndKeepsSeat(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.join(1, blitz)
	if e := event(t, d.record(game1, true, 0.5)); e.Type != schemas.PlayerRated {
		t.Fatalf("%+v", e)
	}
	d.wantSeat(Queued)
	if out := d.record("casual", false, 1); out != nil {
		t.Fatalf("%+v", out)
	}
	for score, speed := range map[float64]schemas.Speed{2: schemas.Blitz, -1: schemas.Blitz, 1: "hyper"} {
		out := d.command(schemas.NewID(), schemas.RecordResult, schemas.ActorSystem, &schemas.RecordResultPayload{
			GameID: "odd", Speed: speed, Rated: true, Score: score, Opponent: schemas.Seated{Rating: 1500, Deviation: 80},
		})
		if out != nil {
			t.Fatalf("score %v at %q was rated", score, speed)
		}
	}
}

func TestUpdateNeedsNewerRevision(t *testing.T) {
	t.Parallel()
	d := registered(t)
	update := func(n int, handle, country string, revision int64) []schemas.Message {
		return d.command(id(n), schemas.UpdatePlayer, schemas.ActorService, &schemas.UpdatePlayerPayload{Handle: handle, Country: country, Revision: revision})
	}
	e := event(t, update(1, "Anna", "DE", 3))
	if p := e.Payload.(*schemas.PlayerFacts); e.Type != schemas.PlayerUpdated || e.Seq != 2 || p.Handle != "Anna" || p.Country != "DE" || d.s.Revision != 3 {
		t.Fatalf("%+v %+v", e, d.s)
	}
	repeated(t, update(2, "old", "PL", 2), 0)
	repeated(t, update(1, "Anna", "DE", 3), 2)
	refused(t, update(1, "Anna", "DE", 4), schemas.CodeKeyReused)
	refused(t, update(3, "", "DE", 4), schemas.CodeInvalidField)
	refused(t, update(4, "x", "Germany", 4), schemas.CodeInvalidField)
	if d.s.Handle != "Anna" || d.s.Revision != 3 {
		t.Fatalf("%+v", d.s)
	}
	register := func(n int, handle string) []schemas.Message {
		return d.command(id(n), schemas.RegisterPlayer, schemas.ActorService, &schemas.RegisterPlayerPayload{Handle: handle, Country: "PL"})
	}
	repeated(t, register(0, "anna"), 1)
	refused(t, register(0, "bob"), schemas.CodeKeyReused)
	refused(t, register(9, "anna"), schemas.CodePlayerExists)
}

func TestInvalidRegistrationIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, region, handle string
		want                schemas.Code
	}{
		{"not-a-uuid", "eu", "anna", schemas.CodeInvalidField},
		{me, "eu", "", schemas.CodeInvalidField},
		{me, "../x", "anna", schemas.CodeUnknownRegion},
	} {
		cmd := schemas.Command{ID: id(1), Type: schemas.RegisterPlayer, Key: c.key, Region: c.region, Actor: schemas.ActorService, Payload: &schemas.RegisterPlayerPayload{Handle: c.handle}}
		next, changed, out := Decide(nil, cmd, epoch, schemas.Origin{})
		if next != nil || changed {
			t.Errorf("%+v was registered", c)
		}
		refused(t, out, c.want)
	}
}

func TestRowStaysBounded(t *testing.T) {
	t.Parallel()
	d := registered(t)
	for n := range 500 {
		d.join(1000+2*n, blitz)
		d.command(id(1001+2*n), schemas.LeaveQueue, me, nil)
		d.release(id(1000 + 2*n))
		d.record(fmt.Sprint("game ", n), true, 0.5)
		d.at = d.at.Add(-3_900e6) // fast, so no event is dropped for its age
	}
	if len(d.s.Accepted) != acceptedKept || len(d.s.Games) != gamesKept || len(d.s.Outbox) != outboxMaxKept {
		t.Fatalf("%d commands, %d games, %d events are kept", len(d.s.Accepted), len(d.s.Games), len(d.s.Outbox))
	}
	d.at = d.at.Add(2 * outboxMaxAge)
	d.join(1, blitz)
	if len(d.s.Outbox) != outboxMinKept {
		t.Fatalf("%d old events are kept", len(d.s.Outbox))
	}
}
