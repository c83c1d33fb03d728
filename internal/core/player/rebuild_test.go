package player

import (
	"reflect"
	"testing"

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
