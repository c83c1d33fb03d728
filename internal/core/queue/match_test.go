package queue

import (
	"testing"
	"time"

	"tabiya/schemas"
)

func TestWaveMakesMatchAndRequestsGame(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enter(1, 1500)
	d.at = d.at.Add(300 * time.Millisecond)
	d.enter(2, 1510)
	m, create := d.found(d.wave())
	p := create.Payload.(*schemas.CreateGamePayload)
	if m.GameID != schemas.DerivedID(key, "match", 3) || m.Deadline != d.at.Add(10*time.Second) || create.Key != m.GameID || create.Actor != schemas.ActorSystem {
		t.Fatalf("%+v %+v", m, create)
	}
	if p.White != m.White || p.Black != m.Black || p.Queue != key || !p.Rated || p.TimeControl != (schemas.TimeControl{InitialCs: 18000}) || p.Deadline != m.Deadline {
		t.Fatalf("%+v", p)
	}
	if m.White.PlayerID == m.Black.PlayerID || m.White.Attempt != 1 || m.White.Deviation != 80.5 || m.White.Handle == "" {
		t.Fatalf("%+v", m)
	}
	if got := d.s.ExpectedWait(); got != 281*time.Millisecond {
		t.Fatalf("expected wait %s", got)
	}
	out := d.confirm(m.GameID)
	if e := out[0].(schemas.Event); len(out) != 1 || e.Type != schemas.MatchConfirmed || e.Payload.(*schemas.MatchConfirmedPayload).White != m.White {
		t.Fatalf("%+v", out)
	}
	if d.confirm(m.GameID) != nil || len(d.s.Matches) != 0 {
		t.Fatal("confirmed twice")
	}
	d.at = m.Deadline
	if out := d.expire(m.GameID); out != nil {
		t.Fatalf("a confirmed match expired: %+v", out)
	}
}

func TestCasualPoolMakesCasualGames(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.key = "eu/3+2-casual/0"
	d.enter(1, 1500)
	d.enter(2, 1510)
	_, create := d.found(d.wave())
	p := create.Payload.(*schemas.CreateGamePayload)
	if p.Rated || p.Queue != d.key || p.TimeControl != (schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}) {
		t.Fatalf("%+v", p)
	}
}

func TestFailedMatchReturnsTicketsToPlaceAndCredit(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enter(1, 1500)
	d.enter(2, 2500)
	for range 3 { // no opponent for either
		d.wave()
		d.at = d.at.Add(time.Second)
	}
	d.enter(3, 1500)
	d.enter(4, 3500)
	m, _ := d.found(d.wave())
	joined := map[string]schemas.Time{}
	for _, t := range []Ticket{d.s.Matches[0].White, d.s.Matches[0].Black} {
		joined[t.TicketID.String()] = t.JoinedAt
	}
	d.at = m.Deadline - 1
	if out := d.expire(m.GameID); out != nil {
		t.Fatalf("the match failed before its deadline: %+v", out)
	}
	d.at = m.Deadline
	out := d.expire(m.GameID)
	if len(out) != 4 || out[0].(schemas.Event).Type != schemas.MatchFailed {
		t.Fatalf("%+v", out)
	}
	if abort := out[1].(schemas.Command); abort.Type != schemas.AbortGame || abort.Key != m.GameID || abort.Actor != schemas.ActorSystem {
		t.Fatalf("%+v", abort)
	}
	for i, s := range []schemas.Seated{m.White, m.Black} {
		cmd := out[2+i].(schemas.Command)
		if p := cmd.Payload.(*schemas.RequeueSeatPayload); cmd.Key != s.PlayerID || p.TicketID != s.TicketID || p.Attempt != 2 || p.GameID != m.GameID || p.Queue != key {
			t.Fatalf("%+v %+v", cmd, p)
		}
	}
	if out := d.confirm(m.GameID); out != nil {
		t.Fatalf("a late confirmation led to %+v", out)
	}
	var order []string
	for _, w := range d.s.Waiting {
		order = append(order, w.TicketID.String())
		if at, ok := joined[w.TicketID.String()]; ok && (w.JoinedAt != at || !w.Returning || w.Attempt != 2) {
			t.Fatalf("%+v", w)
		}
	}
	for i, n := range []int{1, 2, 3, 4} {
		if order[i] != id("ticket", n) {
			t.Fatalf("the order is %v", order)
		}
	}
	if d.s.Waiting[0].Missed != 3 || d.s.Waiting[2].Missed != 0 {
		t.Fatalf("%+v", d.s.Waiting)
	}

	// They are not paired until their players are heard of and their seats have agreed.
	d.tell(schemas.HoldTicket, 1, here)
	d.tell(schemas.HoldTicket, 3, here)
	d.at = d.at.Add(time.Second)
	if out := d.wave(); out != nil {
		t.Fatalf("%+v", out)
	}
	d.allowPairing(1, 7) // another attempt
	d.allowPairing(1, 2)
	d.allowPairing(3, 2)
	d.at = d.at.Add(time.Second)
	again, _ := d.found(d.wave())
	if again.GameID == m.GameID || again.White.Attempt != 2 || again.Black.Attempt != 2 {
		t.Fatalf("%+v, and before %+v", again, m)
	}
}

func TestWhiteGoesToLeastRecentWhite(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	last := ""
	for round := range 6 {
		d.at = d.at.Add(time.Minute)
		for _, n := range []int{1, 2} {
			d.origin++
			ticket := id("ticket", 100*round+n)
			d.command(ticket, schemas.EnterQueue, id("player", n), &schemas.EnterQueuePayload{
				TicketID: ticket, PlayerID: id("player", n), Rating: 1500, Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
			})
		}
		m, _ := d.found(d.wave())
		if m.White.PlayerID == last {
			t.Fatalf("round %d: White again", round)
		}
		last = m.White.PlayerID
		d.confirm(m.GameID)
	}
	// Among players without history, joining first does not decide.
	first := 0
	for n := range 200 {
		d.at = d.at.Add(time.Minute)
		d.enter(1000+2*n, 1500)
		d.enter(1001+2*n, 1500)
		m, _ := d.found(d.wave())
		if m.White.PlayerID == id("player", 1000+2*n) {
			first++
		}
		d.confirm(m.GameID)
	}
	if first < 60 || first > 140 {
		t.Fatalf("the first to join had White %d times of 200", first)
	}
}

func TestNextTimerReturnsWaveOrMatchDeadline(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	if _, _, ok := d.cfg.NextTimer(nil); ok {
		t.Fatal("a missing row has a timer")
	}
	expect := func(want schemas.CommandType, at schemas.Time) schemas.Command {
		t.Helper()
		got, cmd, ok := d.cfg.NextTimer(d.s)
		if ok != (want != "") || cmd.Type != want && ok || ok && got != at {
			t.Fatalf("%s at %s, %t; want %s at %s", cmd.Type, got, ok, want, at)
		}
		if ok {
			cmd.Record()
		}
		return cmd
	}
	d.enter(1, 1000)
	expect("", 0)
	d.enter(2, 3000)
	first := expect(schemas.PairWave, schemas.Time(1000)) // long overdue
	d.wave()
	if second := expect(schemas.PairWave, d.at.Add(time.Second)); second.ID == first.ID || second.Actor != schemas.ActorSystem || second.Key != key {
		t.Fatalf("%+v", second)
	}
	before := d.s
	if d.wave(); d.s != before {
		t.Fatal("an early PairWave changed the row")
	}
	for n := range 20 {
		d.enter(10+n, 1000)
	}
	expect(schemas.PairWave, d.at.Add(100*time.Millisecond))
	d.at = d.at.Add(100 * time.Millisecond)
	if out := d.wave(); len(out) != 20 {
		t.Fatalf("%d messages of an early wave", len(out))
	}
	deadline := d.s.Matches[0].Deadline
	expect(schemas.PairWave, d.at.Add(time.Second))
	d.remove(2)
	cmd := expect(schemas.ExpireMatch, deadline)
	if got := cmd.Payload.(*schemas.ExpireMatchPayload).GameID; got != d.s.Matches[0].GameID.String() {
		t.Fatalf("%s", got)
	}
}

func TestDistantRatingsAloneAreMatchedWithinAMinute(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	d.enter(1, 400)
	d.enter(2, 3200)
	for waves := 1; waves < 60; waves++ {
		if out := d.wave(); out != nil {
			d.found(out)
			return
		}
		d.at = d.at.Add(time.Second)
	}
	t.Fatal("not matched within 60 waves")
}

func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	for n := range 900 {
		d.enter(n, 1500)
		d.remove(n)
	}
	if n := len(d.s.Outbox); n != OutboxEntries {
		t.Fatalf("%d entries are kept", n)
	}
}
