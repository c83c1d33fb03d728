package player

import (
	"bytes"
	"reflect"
	"testing"

	"tabiya/schemas"
)

const (
	me       = "0190b3a1-0000-7000-8000-00000000000a"
	opponent = "0190b3a1-0000-7000-8000-00000000000b"
	game1    = "0190b3a1-0000-7000-8000-000000000001"
	blitz    = "eu/3+0/0"
	rapid    = "eu/10+5/0"
	epoch    = schemas.Time(1_795_449_270_123)
)

// fixture sends commands to one player.
type fixture struct {
	t      *testing.T
	s      *State
	at     schemas.Time
	offset int64
}

func id(n int) string { return schemas.DerivedID("command", "test", int64(n)) }

func (d *fixture) origin() schemas.Origin {
	return schemas.Origin{Partitions: 4, Partition: 1, Offset: d.offset}
}

// command decides a command and checks that Replay returns the same messages.
func (d *fixture) command(commandID string, t schemas.CommandType, actor string, payload any) []schemas.Message {
	d.t.Helper()
	d.offset += 3
	d.at = d.at.Add(1e9)
	cmd := schemas.Command{ID: commandID, Type: t, Key: me, Region: "eu", Actor: actor, Payload: payload}
	var before *State
	if d.s != nil {
		before = d.s.clone()
	}
	next, changed, out := Decide(d.s, cmd, d.at, d.origin())
	if !reflect.DeepEqual(d.s, before) {
		d.t.Fatalf("%s modified the row it was given:\n%+v\n%+v", t, before, d.s)
	}
	if changed {
		if next.Offset != d.offset || (d.s != nil && next.Version != d.s.Version+1) {
			d.t.Fatalf("%s: head %+v", t, next.Head())
		}
		same(d.t, out, Replay(next, cmd, d.at, d.origin()))
	} else if next != d.s {
		d.t.Fatalf("%s changed nothing but returned another row", t)
	}
	d.s = next
	return out
}

func same(t *testing.T, want, got []schemas.Message) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d messages %+v, want %d: %+v", len(got), got, len(want), want)
	}
	for i := range want {
		if w, g := want[i].Record(), got[i].Record(); w.Topic != g.Topic || !bytes.Equal(w.Value, g.Value) {
			t.Fatalf("message %d is\n%s\nwant\n%s", i, g.Value, w.Value)
		}
	}
}

func (d *fixture) join(n int, queue string) []schemas.Message {
	d.t.Helper()
	return d.command(id(n), schemas.JoinQueue, me, &schemas.JoinQueuePayload{Queue: queue})
}

func (d *fixture) seatInGame(game, ticket string, attempt int) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.SeatInGame, schemas.ActorSystem, &schemas.SeatInGamePayload{GameID: game, TicketID: ticket, Attempt: attempt})
}

func (d *fixture) requeue(game, ticket string, attempt int) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.RequeueSeat, schemas.ActorSystem,
		&schemas.RequeueSeatPayload{TicketID: ticket, Attempt: attempt, GameID: game, Queue: blitz})
}

func (d *fixture) release(ticket string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.ReleaseSeat, schemas.ActorSystem, &schemas.ReleaseSeatPayload{TicketID: ticket})
}

func (d *fixture) record(game string, rated bool, score float64) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.RecordResult, schemas.ActorSystem, &schemas.RecordResultPayload{
		GameID: game, Speed: schemas.Blitz, Rated: rated, Score: score,
		Opponent: schemas.Seated{PlayerID: opponent, Rating: 1500, Deviation: 500},
	})
}

// registered is a fixture whose player was registered by command 0.
func registered(t *testing.T) *fixture {
	d := &fixture{t: t, at: epoch}
	out := d.command(id(0), schemas.RegisterPlayer, schemas.ActorService, &schemas.RegisterPlayerPayload{Handle: "anna", Country: "PL"})
	if e := event(t, out); e.Type != schemas.PlayerRegistered || e.Seq != 1 || e.ID != schemas.EventID(me, 1) || e.OccurredAt != d.at {
		t.Fatalf("registered by %+v", e)
	}
	return d
}

func event(t *testing.T, out []schemas.Message) schemas.Event {
	t.Helper()
	if len(out) == 0 {
		t.Fatal("no event")
	}
	e, ok := out[0].(schemas.Event)
	if !ok {
		t.Fatalf("%+v is not an event", out[0])
	}
	return e
}

func forwarded(t *testing.T, out []schemas.Message) schemas.Command {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%+v is not one command", out)
	}
	c, ok := out[0].(schemas.Command)
	if !ok {
		t.Fatalf("%+v is not a command", out[0])
	}
	return c
}

func refused(t *testing.T, out []schemas.Message, want schemas.Code) {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%+v is not one reply", out)
	}
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRejected || r.Code != want || r.Detail == "" {
		t.Fatalf("%+v is not refused as %s", out[0], want)
	}
}

func repeated(t *testing.T, out []schemas.Message, seq int64) {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%+v is not one reply", out)
	}
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRepeated || r.Seq != seq {
		t.Fatalf("%+v is not repeated with seq %d", out[0], seq)
	}
}

func (d *fixture) wantSeat(want Status) {
	d.t.Helper()
	if d.s.Seat.Status != want {
		d.t.Fatalf("the seat is %+v, want %s", d.s.Seat, want)
	}
	if want == Idle && !reflect.DeepEqual(d.s.Seat, Seat{}) {
		d.t.Fatalf("an idle seat still has %+v", d.s.Seat)
	}
}
