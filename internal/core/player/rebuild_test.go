package player

import (
	"reflect"
	"testing"
	"time"

	"tabiya/schemas"
)

func TestApplyMakesTheRowAgainFromItsEvents(t *testing.T) {
	t.Parallel()
	d := registered(t)
	var log []schemas.Event
	note := func(out []schemas.Message) {
		t.Helper()
		log = append(log, event(t, out))
	}
	log = append(log, d.s.Outbox[0].Event)
	note(d.command(id(1), schemas.UpdatePlayer, schemas.ActorService, &schemas.UpdatePlayerPayload{Handle: "ann", Country: "DE", Revision: 2}))
	d.join(2, blitz)
	d.seatInGame(game1, id(2), 1)
	note(d.record(game1, true, 1))
	note(d.record(schemas.NewID(), true, 0.5))
	d.join(3, rapid)
	note(d.command(id(4), schemas.ClosePlayer, schemas.ActorService, nil))

	var s *State
	for i, ev := range log {
		if i > 0 {
			var err error
			if s, err = Apply(s, log[i-1], 7); err != nil || s.Seq != int64(i) {
				t.Fatalf("a repeated event led to %+v, %v", s, err)
			}
		}
		next, err := Apply(s, ev, int64(i))
		if err != nil {
			t.Fatal(err)
		}
		s = next
	}
	if _, err := Apply(s, schemas.Event{Type: schemas.PlayerClosed, Key: me, Seq: s.Seq + 2, Payload: &schemas.PlayerClosedPayload{}}, 0); err == nil {
		t.Error("an event after a missing one was applied")
	}
	seat := QueuedSeat(rapid, schemas.Seated{PlayerID: me, TicketID: id(3), Attempt: 1, Handle: "ann", Rating: 1500, Deviation: 500})
	s = s.Stamped(99, d.s.Offset, seat)
	if s.Offset != d.s.Offset || s.Version != 99 || s.Seat.Joined != d.s.Offset || s.Seat.Status != Queued {
		t.Errorf("the row is stamped %+v with the seat %+v", s.Head(), s.Seat)
	}
	want := *d.s
	want.Version, want.Offset, want.Seat, want.Outbox, want.Accepted = s.Version, s.Offset, s.Seat, s.Outbox, s.Accepted
	if !reflect.DeepEqual(*s, want) {
		t.Errorf("the row is\n%+v\nwant\n%+v", *s, want)
	}
	// The latest client commands are recognised.
	d.s = s
	for n, ct := range map[int]schemas.CommandType{0: schemas.RegisterPlayer, 1: schemas.UpdatePlayer, 4: schemas.ClosePlayer} {
		payloads := map[int]any{
			0: &schemas.RegisterPlayerPayload{Handle: "anna", Country: "PL"},
			1: &schemas.UpdatePlayerPayload{Handle: "ann", Country: "DE", Revision: 2},
		}
		out := d.command(id(n), ct, schemas.ActorService, payloads[n])
		if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRepeated {
			t.Errorf("a repeated %s led to %+v", ct, out[0])
		}
	}
}

// Results that came while the row could not be read are recorded once, with the repair's
// place, and a replay of the repair tells them again.
func TestSettleRecordsLateResults(t *testing.T) {
	t.Parallel()
	d := registered(t)
	d.record(game1, true, 1)
	late := []schemas.LateCommand{}
	add := func(n int, gameID string) {
		late = append(late, schemas.LateCommand{
			At: d.at.Add(time.Duration(len(late)) * time.Hour),
			Command: schemas.Command{ID: id(n), Type: schemas.RecordResult, Key: me, Region: "eu", Actor: schemas.ActorSystem,
				Payload: &schemas.RecordResultPayload{GameID: gameID, Speed: schemas.Blitz, Rated: true, Score: 0.5,
					Opponent: schemas.Seated{PlayerID: opponent, Rating: 1500, Deviation: 100}}},
		})
	}
	add(50, game1) // was recorded before
	last := ""
	for n := 51; n < 58; n++ {
		last = schemas.NewID()
		add(n, last)
	}
	add(57, last) // read twice
	late[7].Command.Payload.(*schemas.RecordResultPayload).Again = true
	origin := schemas.Origin{Partitions: 1, Offset: d.s.Offset + 10}
	seat := PlayingSeat(blitz, last, schemas.Seated{TicketID: id(2)}, nil)
	s, out := Settle(d.s.Stamped(1_000, origin.Offset, seat), late, origin)
	if len(out) != 7 || s.Rating(schemas.Blitz).Games != 8 || s.Seat.Status != Idle || s.Offset != origin.Offset || s.Version <= 1_000 {
		t.Fatalf("%d messages, the row is %+v", len(out), s)
	}
	for i, msg := range out {
		ev, from := msg.(schemas.Event), late[1+i]
		if ev.CommandID != from.Command.ID || ev.OccurredAt != from.At {
			t.Errorf("event %d is %+v", i, ev)
		}
	}
	repair := schemas.Command{ID: id(60), Type: schemas.RepairPlayer, Key: me, Actor: schemas.ActorSystem}
	if again := Replay(s, repair, d.at, origin); !reflect.DeepEqual(again, out) {
		t.Errorf("the replay tells\n%+v\nwant\n%+v", again, out)
	}
}
