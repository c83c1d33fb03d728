package queue

import (
	"reflect"
	"testing"

	"tabiya/schemas"
)

// lost folds what a fixture has emitted.
func lost(t *testing.T, log []schemas.Message) (s *State) {
	t.Helper()
	for _, m := range log {
		ev, ok := m.(schemas.Event)
		if !ok {
			continue
		}
		var err error
		if s, err = Apply(s, ev); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A match that was not confirmed and tickets that wait are lost with the row. The match
// goes on; those who waited leave the queue once, by their events or by their seats.
func TestRebuiltQueueKeepsMatchesAndDismissesTickets(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	var log []schemas.Message
	note := func(out []schemas.Message) []schemas.Message { log = append(log, out...); return out }
	for n := 1; n <= 4; n++ {
		note(d.enter(n, 1500))
	}
	d.at = d.at.Add(d.cfg.WaveInterval)
	note(d.wave())
	if len(d.s.Matches) != 2 {
		t.Fatalf("there are %d matches", len(d.s.Matches))
	}
	started, open := d.s.Matches[0], d.s.Matches[1]
	note(d.enter(5, 1500))
	note(d.enter(6, 1500))
	note(d.remove(6))
	d.at = d.at.Add(d.cfg.MatchDeadline)

	s := lost(t, log)
	if s.Seq != d.s.Seq || !reflect.DeepEqual(s.Matches, d.s.Matches) || !reflect.DeepEqual(s.Whites, d.s.Whites) || len(s.Waiting) != 1 {
		t.Fatalf("the events make\n%+v\nwant\n%+v", s, d.s)
	}
	survey := Survey{
		Partitions: 1, Next: []int64{40},
		Seats: []Seat{
			{PlayerID: id("player", 5), TicketID: id("ticket", 5)},
			{PlayerID: id("player", 7), TicketID: id("ticket", 7)}, // its EnterQueue has not arrived
			{PlayerID: open.White.PlayerID.String(), TicketID: open.White.TicketID.String()},
		},
		Started: func(gameID string) bool { return gameID == started.GameID.String() },
	}
	cmd := schemas.Command{ID: schemas.NewID(), Type: schemas.RepairQueue, Key: key, Actor: schemas.ActorSystem}
	row, out := d.cfg.Rebuild(s, survey, cmd, d.at, 99, 70)
	if row.Version != 99 || row.Offset != 70 || len(row.Waiting) != 0 || len(row.Matches) != 1 || row.Matches[0].GameID != open.GameID {
		t.Fatalf("the row is %+v", row)
	}
	var left, released []string
	for _, m := range out {
		switch m := m.(type) {
		case schemas.Event:
			if p, ok := m.Payload.(*schemas.PlayerLeftQueuePayload); ok {
				left = append(left, p.PlayerID)
			}
		case schemas.Command:
			released = append(released, m.Key)
		}
	}
	want := []string{id("player", 5), id("player", 7)}
	if !reflect.DeepEqual(left, want) || !reflect.DeepEqual(released, want) {
		t.Errorf("left %v, released %v, want %v", left, released, want)
	}
	again := d.cfg.Replay(row, cmd, d.at, 70)
	if len(again) != len(out) {
		t.Errorf("the replay has %d messages, want %d", len(again), len(out))
	}

	// The ticket that was on its way does not enter; one of later does, and the match
	// that is left ends as it would have.
	d.s, d.offset = row, 70
	d.enterFrom(7, 1500, 39)
	if len(d.s.Waiting) != 0 {
		t.Error("a ticket without a seat entered the queue")
	}
	d.enterFrom(8, 1500, 40)
	if len(d.s.Waiting) != 1 || d.s.Waiting[0].Seq != row.Seq+1 {
		t.Errorf("a new ticket: %+v", d.s.Waiting)
	}
	d.confirm(open.GameID.String())
	if len(d.s.Matches) != 0 {
		t.Error("the match is not confirmed")
	}
}

func TestApplyReturnsTicketsOfAFailedMatch(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	var log []schemas.Message
	for n := 1; n <= 2; n++ {
		log = append(log, d.enter(n, 1500)...)
	}
	d.at = d.at.Add(d.cfg.WaveInterval)
	log = append(log, d.wave()...)
	d.at = d.at.Add(d.cfg.MatchDeadline)
	log = append(log, d.expire(d.s.Matches[0].GameID.String())...)
	if s := lost(t, log); !reflect.DeepEqual(s.Waiting, d.s.Waiting) || len(s.Matches) != 0 {
		t.Errorf("the events make\n%+v\nwant\n%+v", s, d.s)
	}
	if _, err := Apply(lost(t, log[1:][:0]), schemas.Event{Type: schemas.PlayerQueued, Key: key, Seq: 2, Payload: &schemas.PlayerQueuedPayload{}}); err == nil {
		t.Error("an event after a missing one was applied")
	}
}
