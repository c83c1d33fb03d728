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

// fixture sends commands to one queue.
type fixture struct {
	t      testing.TB
	cfg    Config
	s      *State
	key    string
	at     schemas.Time
	offset int64
	origin int64
}

func newFixture(t testing.TB) *fixture {
	return &fixture{t: t, cfg: Config{}.WithDefaults(), key: key, at: epoch}
}

// command decides a command and checks that Replay returns the same messages.
func (d *fixture) command(commandID string, t schemas.CommandType, actor string, payload any) []schemas.Message {
	d.t.Helper()
	d.offset += 2
	cmd := schemas.Command{ID: commandID, Type: t, Key: d.key, Region: "eu", Actor: actor, Payload: payload}
	var before *State
	if d.s != nil {
		before = d.s.clone()
	}
	next, changed, out := d.cfg.Decide(d.s, cmd, d.at, d.offset)
	if !reflect.DeepEqual(d.s, before) {
		d.t.Fatalf("%s modified the row it was given", t)
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
		d.t.Fatalf("%s changed nothing but returned another row", t)
	}
	d.s = next
	return out
}

// enter sends ticket n of player n.
func (d *fixture) enter(n int, rating float64) []schemas.Message {
	d.t.Helper()
	d.origin++
	return d.enterFrom(n, rating, d.origin)
}

func (d *fixture) enterFrom(n int, rating float64, origin int64) []schemas.Message {
	d.t.Helper()
	return d.command(id("ticket", n), schemas.EnterQueue, id("player", n), &schemas.EnterQueuePayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Handle: fmt.Sprint("player-", n), Rating: rating, Deviation: 80.5,
		Origin: schemas.Origin{Partitions: 1, Offset: origin},
	})
}

func (d *fixture) allowPairing(n, attempt int) {
	d.t.Helper()
	d.origin++
	out := d.command(schemas.NewID(), schemas.EnterQueue, schemas.ActorSystem, &schemas.EnterQueuePayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Attempt: attempt, Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
	})
	if out != nil {
		d.t.Fatalf("a returning ticket led to %+v", out)
	}
}

func (d *fixture) remove(n int) []schemas.Message {
	d.t.Helper()
	d.origin++
	return d.removeFrom(n, d.origin)
}

func (d *fixture) removeFrom(n int, origin int64) []schemas.Message {
	d.t.Helper()
	return d.command(id("leave", n), schemas.RemoveTicket, id("player", n), &schemas.RemoveTicketPayload{
		TicketID: id("ticket", n), PlayerID: id("player", n), Origin: schemas.Origin{Partitions: 1, Offset: origin},
	})
}

func (d *fixture) wave() []schemas.Message {
	d.t.Helper()
	return d.command(id("wave", int(d.offset)), schemas.PairWave, schemas.ActorSystem, nil)
}

func (d *fixture) confirm(gameID string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.ConfirmMatch, schemas.ActorSystem, &schemas.ConfirmMatchPayload{GameID: gameID})
}

func (d *fixture) expire(gameID string) []schemas.Message {
	d.t.Helper()
	return d.command(schemas.NewID(), schemas.ExpireMatch, schemas.ActorSystem, &schemas.ExpireMatchPayload{GameID: gameID})
}

// found returns the only match of a wave and the command that creates its game.
func (d *fixture) found(out []schemas.Message) (*schemas.MatchFoundPayload, schemas.Command) {
	d.t.Helper()
	if len(out) != 2 {
		d.t.Fatalf("the wave did not make one match: %+v", out)
	}
	return out[0].(schemas.Event).Payload.(*schemas.MatchFoundPayload), out[1].(schemas.Command)
}

func (d *fixture) refused(out []schemas.Message, want schemas.Code) {
	d.t.Helper()
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRejected || r.Code != want || r.Detail == "" {
		d.t.Fatalf("%+v is not refused as %s", out[0], want)
	}
}

func (d *fixture) repeated(out []schemas.Message, seq int64) {
	d.t.Helper()
	if len(out) != 1 {
		d.t.Fatalf("%+v is not one reply", out)
	}
	if r, ok := out[0].(schemas.Reply); !ok || r.Type != schemas.CommandRepeated || r.Seq != seq {
		d.t.Fatalf("%+v is not repeated with seq %d", out[0], seq)
	}
}

func TestRepeatedEnterQueueEntersOnce(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
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
	d.s.Outbox = nil // as if it was long ago
	d.repeated(d.enterFrom(1, 1500.25, 1), 0)
	if d.s.WaitingCount() != 0 || len(d.s.Matches) != 0 {
		t.Fatalf("%+v", d.s)
	}
}

func TestFullQueueRefusesAndReleasesSeat(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
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
	// A repeat stays refused, even if there is room now: the seat was released.
	d.remove(3)
	d.refused(d.enterFrom(4, 1500, 4), schemas.CodeQueueFull)
	d.refused(d.remove(4), schemas.CodeNotQueued)
	if len(d.enter(5, 1500)) != 1 {
		t.Fatal("a ticket was refused although there is room")
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
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
	// A repeat stays refused, even if the ticket is waiting again.
	d.refused(d.removeFrom(3, late), schemas.CodeAlreadyMatched)
	if len(d.s.Waiting) != 2 {
		t.Fatalf("%+v", d.s.Waiting)
	}
	d.origin++
	again := d.command(schemas.NewID(), schemas.RemoveTicket, id("player", 3), &schemas.RemoveTicketPayload{
		TicketID: id("ticket", 3), PlayerID: id("player", 3), Origin: schemas.Origin{Partitions: 1, Offset: d.origin},
	})
	if again[0].(schemas.Event).Type != schemas.PlayerLeftQueue {
		t.Fatalf("a ticket that is waiting again could not leave: %+v", again)
	}
}

func TestMalformedCommandsAreRefusedOrIgnored(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
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

func TestMorePlayerPartitionsResetOffsets(t *testing.T) {
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
			t.Errorf("%+v is valid", c)
		}
	}
}
