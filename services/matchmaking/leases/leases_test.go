package leases

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
)

// ticketOf is a queue with one ticket.
func ticketOf(t queue.Ticket) *queue.State {
	return &queue.State{Key: "eu/3+0/0", Waiting: []queue.Ticket{t}}
}

type rig struct {
	*Keeper
	row       *queue.State
	connected bool
	now       time.Time
}

func newRig() *rig {
	r := &rig{now: time.Unix(1_800_000_000, 0)}
	r.Keeper = New(Config{
		Connected: func(string) bool { return r.connected },
		Queues:    func(fn func(*queue.State)) { fn(r.row) },
		Logger:    slog.New(slog.DiscardHandler),
	})
	return r
}

// sent returns the type of the command that is due at a time after the start, "" if none
// is.
func (r *rig) sent(t *testing.T, after time.Duration) schemas.CommandType {
	t.Helper()
	commands := r.due(r.now.Add(after))
	if len(commands) == 0 {
		return ""
	}
	p := commands[0].Payload.(*schemas.HoldTicketPayload)
	if len(commands) > 1 || p.Holder != r.Instance() || p.TicketID != r.row.Waiting[0].TicketID.String() {
		t.Fatalf("%+v", commands)
	}
	return commands[0].Type
}

func (r *rig) want(t *testing.T, after time.Duration, want schemas.CommandType) {
	t.Helper()
	if got := r.sent(t, after); got != want {
		t.Fatalf("after %v %q is sent, want %q", after, got, want)
	}
}

func TestTicketLapsesOnceItsPlayerIsNotHeardOf(t *testing.T) {
	t.Parallel()
	r := newRig()
	ticket := queue.Ticket{Party: queue.Party{TicketID: uuid.New(), PlayerID: uuid.New()}, Holder: r.instance}
	r.row = ticketOf(ticket)
	r.Joined(ticket.PlayerID.String(), r.now)
	r.want(t, 7*time.Second, "")
	r.connected = true
	r.want(t, 20*time.Second, "")
	r.connected = false // the page is loaded again
	r.want(t, 21*time.Second, "")
	r.connected = true
	r.want(t, 22*time.Second, "")
	r.connected = false
	r.want(t, 23*time.Second, "")
	r.want(t, 24*time.Second, "")
	r.want(t, 25*time.Second, schemas.LapseTicket)
	r.want(t, 26*time.Second, "") // it is on its way
	r.want(t, 27*time.Second+1, schemas.LapseTicket)
}

// A client that polls has no stream: its joins are the signs.
func TestRepeatedJoinKeepsTicketAlive(t *testing.T) {
	t.Parallel()
	r := newRig()
	ticket := queue.Ticket{Party: queue.Party{TicketID: uuid.New(), PlayerID: uuid.New()}, Holder: r.instance}
	r.row = ticketOf(ticket)
	for second := range 30 {
		after := time.Duration(second) * time.Second
		if second%7 == 0 {
			r.Joined(ticket.PlayerID.String(), r.now.Add(after))
		}
		r.want(t, after, "")
	}
	var lapsed time.Duration
	for after := 30 * time.Second; lapsed == 0; after += sweepEvery {
		if r.sent(t, after) == schemas.LapseTicket {
			lapsed = after - 28*time.Second
		}
	}
	if lapsed < 9*time.Second || lapsed > 12*time.Second {
		t.Fatalf("lapsed %v after the last join", lapsed)
	}
	if len(r.joins) > 0 {
		t.Fatalf("%d joins are remembered", len(r.joins))
	}
}

func TestReturnTakesTheLeaseOfADormantTicketAlone(t *testing.T) {
	t.Parallel()
	r := newRig()
	ticket := queue.Ticket{Party: queue.Party{TicketID: uuid.New(), PlayerID: uuid.New()}, Holder: uuid.New()}
	r.row = ticketOf(ticket)
	r.want(t, 0, "") // held by another instance, and the player is not here
	r.connected = true
	r.want(t, time.Second, "") // held by another instance
	r.row.Waiting[0].LapsedAt = 1
	r.want(t, 2*time.Second, schemas.HoldTicket)
	r.row.Waiting[0].LapsedAt, r.row.Waiting[0].Holder = 0, uuid.Nil
	r.want(t, 10*time.Second, schemas.HoldTicket) // of before there were leases
}
