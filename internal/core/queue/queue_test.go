package queue

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"tabiya/schemas"
)

const (
	key   = "eu/3+0/0"
	epoch = schemas.Time(1_795_449_270_123)
)

func id(kind string, n int) string { return schemas.DerivedID(kind, "test", int64(n)) }

// desk judges commands for one queue, one after another.
type desk struct {
	t      testing.TB
	cfg    Config
	s      *State
	at     schemas.Time
	offset int64
	origin int64
}

func newDesk(t testing.TB) *desk {
	return &desk{t: t, cfg: Config{}.WithDefaults(), at: epoch}
}

// command judges a command; what it led to must be what a replay says.
func (d *desk) command(commandID string, t schemas.CommandType, actor string, payload any) []schemas.Message {
	d.t.Helper()
	d.offset += 2
	cmd := schemas.Command{ID: commandID, Type: t, Key: key, Region: "eu", Actor: actor, Payload: payload}
	var before *State
	if d.s != nil {
		before = d.s.clone()
	}
	next, changed, out := d.cfg.Decide(d.s, cmd, d.at, d.offset)
	if !reflect.DeepEqual(d.s, before) {
		d.t.Fatalf("%s altered the row it was given", t)
	}
	if changed {
		if next.Offset != d.offset || (d.s != nil && next.Version != d.s.Version+1) {
			d.t.Fatalf("%s: head %+v", t, next.Head())
		}
		again := d.cfg.Replay(next, cmd, d.at, d.offset)
		if len(again) != len(out) {
			d.t.Fatalf("%s is replayed as %+v, not %+v", t, again, out)
		}
		for i := range out {
			if !bytes.Equal(out[i].Record().Value, again[i].Record().Value) {
				d.t.Fatalf("%s is replayed as\n%s, not\n%s", t, again[i].Record().Value, out[i].Record().Value)
			}
		}
	} else if next != d.s {
		d.t.Fatalf("%s changed nothing and gave another row", t)
	}
	d.s = next
	return out
}

// enter lets player n join with ticket n.
func (d *desk) enter(n int, rating float64) []schemas.Message {
	d.t.Helper()
	d.origin++
	return d.enterFrom(n, rating, d.origin)
}

func (d *desk) enterFrom(n int, rating float64, origin int64) []schemas.Message {
	d.t.Helper()
	return d.command(id("ticket", n), schemas.EnterQueue, id("player", n), &schemas.EnterQueuePayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Handle: fmt.Sprint("player-", n), Rating: rating, Deviation: 80.5,
		Origin: schemas.Origin{Partitions: 1, Offset: origin},
	})
}

func (d *desk) readmit(n, attempt int) {
	d.t.Helper()
	d.origin++
	out := d.command(schemas.NewID(), schemas.EnterQueue, schemas.ActorSystem, &schemas.EnterQueuePayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Attempt: attempt, Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
	})
	if out != nil {
		d.t.Fatalf("a ticket came back with %+v", out)
	}
}

func (d *desk) remove(n int) []schemas.Message {
	d.t.Helper()
	d.origin++
	return d.removeFrom(n, d.origin)
}

func (d *desk) removeFrom(n int, origin int64) []schemas.Message {
	d.t.Helper()
	return d.command(id("leave", n), schemas.RemoveTicket, id("player", n), &schemas.RemoveTicketPayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Origin: schemas.Origin{Partitions: 1, Offset: origin},
	})
}

func (d *desk) wave() []schemas.Message {
	d.t.Helper()
	return d.command(id("wave", int(d.offset)), schemas.PairWave, schemas.ActorSystem, nil)
}

func (d *desk) confirm(gameID string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.ConfirmMatch, schemas.ActorSystem, &schemas.ConfirmMatchPayload{GameID: gameID})
}

func (d *desk) expire(gameID string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.ExpireMatch, schemas.ActorSystem, &schemas.ExpireMatchPayload{GameID: gameID})
}

// found is the one match that a wave made, with the command that asks for its game.
func (d *desk) found(out []schemas.Message) (*schemas.MatchFoundPayload, schemas.Command) {
	d.t.Helper()
	if len(out) != 2 {
		d.t.Fatalf("the wave led to %+v", out)
	}
	return out[0].(schemas.Event).Payload.(*schemas.MatchFoundPayload), out[1].(schemas.Command)
}

func (d *desk) refused(out []schemas.Message, want schemas.Code) {
	d.t.Helper()
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRejected || r.Code != want || r.Detail == "" {
		d.t.Fatalf("%+v is not refused as %s", out[0], want)
	}
}

func (d *desk) repeated(out []schemas.Message, seq int64) {
	d.t.Helper()
	if len(out) != 1 {
		d.t.Fatalf("%+v is not one reply", out)
	}
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRepeated || r.Seq != seq {
		d.t.Fatalf("%+v is not repeated with seq %d", out[0], seq)
	}
}

func TestATicketEntersOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	out := d.enter(1, 1500.25)
	e := out[0].(schemas.Event)
	p := e.Payload.(*schemas.PlayerQueuedPayload)
	if len(out) != 1 || e.Type != schemas.PlayerQueued || e.Seq != 1 || e.ID != schemas.EventID(key, 1) || e.CommandID != id("ticket", 1) || e.Region != "eu" {
		t.Fatalf("%+v", out)
	}
	if p.TicketID != id("ticket", 1) || p.PlayerID != id("player", 1) || p.Rating != 1500.25 || p.Waiting != 1 {
		t.Fatalf("%+v", p)
	}
	d.repeated(d.enterFrom(1, 1500.25, 1), 1)
	d.enter(2, 1500)
	d.repeated(d.enterFrom(1, 1500.25, 1), 1)
	m, _ := d.found(d.wave())
	d.repeated(d.enterFrom(1, 1500.25, 1), 1)
	d.confirm(m.GameID)
	d.repeated(d.enterFrom(1, 1500.25, 1), 1)
	d.s.Outbox = nil // long ago
	d.repeated(d.enterFrom(1, 1500.25, 1), 0)
	if d.s.WaitingCount() != 0 || len(d.s.Matches) != 0 {
		t.Fatalf("%+v", d.s)
	}
}

func TestAFullQueueRefusesAndGivesTheSeatBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cfg.MaxTickets = 3
	d.enter(1, 1500)
	d.enter(2, 1500)
	d.wave()
	d.enter(3, 1500)
	out := d.enter(4, 1500)
	d.refused(out, schemas.CodeQueueFull)
	if cmd := out[1].(schemas.Command); cmd.Type != schemas.ReleaseSeat || cmd.Key != id("player", 4) || cmd.Payload.(*schemas.ReleaseSeatPayload).TicketID != id("ticket", 4) {
		t.Fatalf("%+v", out)
	}
	// Refused for good, even when there is room now: the seat is given back.
	d.remove(3)
	d.refused(d.enterFrom(4, 1500, 4), schemas.CodeQueueFull)
	d.refused(d.remove(4), schemas.CodeNotQueued)
	if len(d.enter(5, 1500)) != 1 {
		t.Fatal("there is room for one")
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused(d.remove(1), schemas.CodeNotQueued)
	d.enter(1, 1500)
	d.enter(2, 1500)
	out := d.remove(1)
	e := out[0].(schemas.Event)
	if e.Type != schemas.PlayerLeftQueue || e.CommandID != id("leave", 1) || out[1].(schemas.Command).Type != schemas.ReleaseSeat {
		t.Fatalf("%+v", out)
	}
	d.repeated(d.removeFrom(1, d.origin), e.Seq)
	d.enter(3, 1500)
	m, _ := d.found(d.wave())
	d.refused(d.remove(3), schemas.CodeAlreadyMatched)
	late := d.origin
	d.at = m.Deadline
	d.expire(m.GameID)
	// It was refused while matched, so it stays refused now that the ticket is back.
	d.refused(d.removeFrom(3, late), schemas.CodeAlreadyMatched)
	if d.s.WaitingCount() != 2 {
		t.Fatalf("%+v", d.s.Waiting)
	}
	d.origin++
	again := d.command(schemas.NewID(), schemas.RemoveTicket, id("player", 3), &schemas.RemoveTicketPayload{
		TicketID: id("ticket", 3), PlayerID: id("player", 3), Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
	})
	if again[0].(schemas.Event).Type != schemas.PlayerLeftQueue {
		t.Fatalf("a ticket that is back may leave, but %+v", again)
	}
}

func TestCommandsThatNoProcessorSends(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, p := range []schemas.EnterQueuePayload{
		{TicketID: "x", PlayerID: id("player", 1), Origin: schemas.Origin{Partitions: 1}},
		{TicketID: id("ticket", 1), PlayerID: "x", Origin: schemas.Origin{Partitions: 1}},
		{TicketID: id("ticket", 1), PlayerID: id("player", 1)},
		{TicketID: id("ticket", 1), PlayerID: id("player", 1), Origin: schemas.Origin{Partitions: 1 << 30, Partition: 1 << 29}},
	} {
		d.refused(d.command(schemas.NewID(), schemas.EnterQueue, "somebody", &p), schemas.CodeQueueNotFound)
	}
	for range 2 {
		for _, ct := range []schemas.CommandType{schemas.PairWave, schemas.ConfirmMatch, schemas.ExpireMatch} {
			var payload any
			switch ct {
			case schemas.ConfirmMatch:
				payload = &schemas.ConfirmMatchPayload{GameID: "x"}
			case schemas.ExpireMatch:
				payload = &schemas.ExpireMatchPayload{GameID: uuid.NewString()}
			}
			if out := d.command(schemas.NewID(), ct, schemas.ActorSystem, payload); out != nil {
				t.Fatalf("%s: %+v", ct, out)
			}
		}
		d.enter(1, 1500)
	}
}

func TestScalingPlayersStartsCountingAnew(t *testing.T) {
	t.Parallel()
	s := &State{}
	for i, c := range []struct {
		origin schemas.Origin
		want   bool
	}{
		{schemas.Origin{Partitions: 2, Partition: 1, Offset: 10}, true},
		{schemas.Origin{Partitions: 2, Partition: 1, Offset: 10}, false},
		{schemas.Origin{Partitions: 2, Partition: 0, Offset: 0}, true},
		{schemas.Origin{Partitions: 2, Partition: 1, Offset: 11}, true},
		{schemas.Origin{Partitions: 4, Partition: 1, Offset: 3}, true},
		{schemas.Origin{Partitions: 2, Partition: 0, Offset: 99}, false},
		{schemas.Origin{Partitions: 4, Partition: 3, Offset: 0}, true},
		{schemas.Origin{Partitions: 4, Partition: 1, Offset: 2}, false},
	} {
		if got := s.advance(c.origin); got != c.want {
			t.Fatalf("step %d, %+v: %t", i, c.origin, got)
		}
	}
}

func TestConfigIsValidated(t *testing.T) {
	t.Parallel()
	if err := (Config{}).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{
		{WaveInterval: time.Millisecond}, {EarlyTickets: 1}, {MatchDeadline: -1}, {MatchDeadline: time.Hour}, {MaxTickets: 1}, {MaxTickets: 1e6},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
