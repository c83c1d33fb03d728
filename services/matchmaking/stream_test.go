package matchmaking

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

const me, foe = "0190a000-0000-7000-8000-00000000000a", "0190a000-0000-7000-8000-00000000000b"

var testQueue = schemas.QueueKey("eu", "3+2", 0)

func rowOf(s seat) *player.State {
	return &player.State{ID: me, Seat: player.Seat{Status: s.status, Queue: s.queue, TicketID: s.ticketID, GameID: s.gameID}}
}

// past is what really happened to a player, in the logs it is read from. Each
// is read in order; between them there is no order.
type past struct {
	queue, game []schemas.Event
	rows        []seat
	n           int
}

func (p *past) id(kind string) string { p.n++; return fmt.Sprint(kind, p.n) }

func seated(ticket string) (schemas.Seated, schemas.Seated) {
	return schemas.Seated{PlayerID: me, TicketID: ticket}, schemas.Seated{PlayerID: foe, TicketID: "their " + ticket}
}

// full is a join that the queue refuses.
func (p *past) full() {
	p.rows = append(p.rows, queuedSeat(testQueue, p.id("ticket")), seat{})
}

func (p *past) join() string {
	t := p.id("ticket")
	p.rows = append(p.rows, queuedSeat(testQueue, t))
	p.queue = append(p.queue, schemas.Event{Key: testQueue, Payload: &schemas.PlayerQueuedPayload{TicketID: t, PlayerID: me}})
	return t
}

func (p *past) leave(t string) {
	p.queue = append(p.queue, schemas.Event{Key: testQueue, Payload: &schemas.PlayerLeftQueuePayload{TicketID: t, PlayerID: me}})
	p.rows = append(p.rows, seat{})
}

func (p *past) match(t string) string {
	g := p.id("game")
	w, b := seated(t)
	p.queue = append(p.queue, schemas.Event{Key: testQueue, Payload: &schemas.MatchFoundPayload{GameID: g, White: w, Black: b}})
	return g
}

func (p *past) start(t, g string) {
	w, b := seated(t)
	p.game = append(p.game,
		schemas.Event{Key: g, Payload: &schemas.GameCreatedPayload{White: w, Black: b, Queue: testQueue}},
		schemas.Event{Key: g, Payload: &schemas.GameStartedPayload{}})
}

func (p *past) sit(t, g string) { p.rows = append(p.rows, seat{player.Playing, testQueue, t, g}) }

func (p *past) over(t, g string, how schemas.Termination) {
	w, b := seated(t)
	p.game = append(p.game, schemas.Event{Key: g, Payload: &schemas.GameOver{White: w, Black: b, Queue: testQueue, Termination: how}})
}

func (p *past) fail(t, g string) {
	w, b := seated(t)
	p.queue = append(p.queue, schemas.Event{Key: testQueue, Payload: &schemas.MatchFailedPayload{GameID: g, White: w, Black: b}})
	p.rows = append(p.rows, queuedSeat(testQueue, t))
}

// live makes some episodes; the last may be unfinished.
func live(r *rand.Rand) *past {
	p := &past{rows: []seat{{}}}
	for range 1 + r.IntN(4) {
		if r.IntN(5) == 0 {
			p.full()
			continue
		}
		t := p.join()
		for r.IntN(3) == 0 { // matches that fail, some of them late
			g := p.match(t)
			switch r.IntN(3) {
			case 0:
				p.start(t, g)
				p.sit(t, g)
				p.fail(t, g)
				p.over(t, g, schemas.MatchExpired)
			case 1:
				p.start(t, g)
				p.fail(t, g)
				p.over(t, g, schemas.MatchExpired)
			default:
				p.fail(t, g)
			}
		}
		switch r.IntN(5) {
		case 0:
			p.leave(t)
		case 1:
			return p
		default:
			g := p.match(t)
			p.start(t, g)
			p.sit(t, g)
			if r.IntN(4) == 0 {
				return p
			}
			p.over(t, g, schemas.Checkmate)
			p.rows = append(p.rows, seat{})
		}
	}
	return p
}

// reader is a client that believes what it is told of its own ticket.
type reader struct{ status, ticket, game string }

func (c *reader) hear(i item) {
	switch i.Type {
	case itemState:
		*c = reader{i.Seat.Status, i.Seat.TicketID, i.Seat.GameID}
	case itemQueued:
		*c = reader{"queued", i.TicketID, ""}
	case itemGameStarted:
		*c = reader{"playing", i.TicketID, i.GameID}
	case itemLeft:
		if c.status == "queued" && c.ticket == i.TicketID {
			*c = reader{status: "idle"}
		}
	case itemGameOver:
		if c.game == i.GameID {
			*c = reader{status: "idle"}
		}
	case itemMatchFailed:
		if c.status == "idle" || c.game == i.GameID || c.status == "queued" && c.ticket == i.TicketID {
			*c = reader{"queued", i.TicketID, ""}
		}
	}
}

// watch plays a past to a hub, each log in its order and else in any, and opens
// a stream somewhere on the way.
func watch(t *testing.T, r *rand.Rand, h *hub, p *past) *stream {
	row, rows := p.rows[0], p.rows[1:]
	steps := len(p.queue) + len(p.game) + len(rows)
	begins, st := r.IntN(steps+1), (*stream)(nil)
	for step := range steps + 1 {
		if step == begins {
			var err error
			if st, err = h.Subscribe(me, func() (*player.State, bool) { return rowOf(row), true }); err != nil {
				t.Fatal(err)
			}
		}
		if step == steps {
			break
		}
		switch n := r.IntN(len(p.queue) + len(p.game) + len(rows)); {
		case n < len(p.queue):
			h.Event(p.queue[0])
			p.queue = p.queue[1:]
		case n < len(p.queue)+len(p.game):
			h.Event(p.game[0])
			p.game = p.game[1:]
		default:
			row, rows = rows[0], rows[1:]
			h.Row(me, rowOf(row))
		}
	}
	return st
}

// Whatever was missed before the stream began, and however the view and the
// events race: in the end the reader believes what is true.
func TestNothingIsLostAtTheSeam(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := live(r)
		final := p.rows[len(p.rows)-1]
		h := newHub(Config{MaxStreams: 1, MaxStreamsPerPlayer: 1})
		h.Open()
		st := watch(t, r, h, p)
		h.settle() // notes the doubt, if there is one
		h.settle() // and ends it
		client, trail := reader{}, []string(nil)
		for len(st.items) > 0 {
			i := <-st.items
			client.hear(i)
			trail = append(trail, fmt.Sprintf("%s %s %s %+v", i.Type, i.TicketID, i.GameID, i.Seat))
		}
		if client != (reader{final.status.String(), final.ticketID, final.gameID}) || !st.told.same(final) {
			t.Fatalf("seed %d: reader %+v, stream %+v, true %+v\n%q", seed, client, st.told, final, trail)
		}
	}
}

func drain(st *stream) (types []string) {
	for len(st.items) > 0 {
		types = append(types, (<-st.items).Type)
	}
	return types
}

func TestEventsAreToldOnceAndInWordsOfTheSide(t *testing.T) {
	t.Parallel()
	h := newHub(Config{MaxStreams: 8, MaxStreamsPerPlayer: 8})
	h.Open()
	idle := func() (*player.State, bool) { return rowOf(seat{}), true }
	st, err := h.Subscribe(me, idle)
	if err != nil {
		t.Fatal(err)
	}
	p := &past{}
	ticket := p.join()
	g := p.match(ticket)
	p.start(ticket, g)
	p.over(ticket, g, schemas.Checkmate)
	for range 2 { // a zombie's repeats
		for _, ev := range append(p.queue, p.game...) {
			h.Event(ev)
		}
		h.Event(schemas.Event{Key: me, Payload: &schemas.PlayerRatedPayload{GameID: g, Speed: schemas.Blitz, Rating: 1500}})
	}
	var got []item
	for len(st.items) > 0 {
		got = append(got, <-st.items)
	}
	want := []string{itemState, itemQueued, itemMatched, itemGameStarted, itemGameOver, itemRated}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Type != want[i] {
			t.Fatalf("%d: %s, want %s", i, got[i].Type, want[i])
		}
	}
	if m := got[2]; m.Color != schemas.White || m.Opponent.PlayerID != foe || m.GameID != g {
		t.Fatalf("%+v", m)
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	h := newHub(Config{MaxStreams: 2, MaxStreamsPerPlayer: 1})
	h.Open()
	idle := func() (*player.State, bool) { return rowOf(seat{}), true }
	st, err := h.Subscribe(me, idle)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Subscribe(me, idle); err != errTooManyStreams {
		t.Fatal(err)
	}
	for i := range streamRoom {
		h.Event(schemas.Event{Key: me, Payload: &schemas.PlayerRatedPayload{GameID: fmt.Sprint(i)}})
	}
	if h.Listening() || len(drain(st)) != streamRoom {
		t.Fatal("still there")
	}
	if _, open := <-st.items; open {
		t.Fatal("not closed")
	}
	h.Unsubscribe(me, st) // by its own handler: nothing to do
	other, err := h.Subscribe(foe, idle)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	drain(other)
	if _, open := <-other.items; open {
		t.Fatal("not closed")
	}
	if _, err := h.Subscribe(me, idle); err != errClosed {
		t.Fatal(err)
	}
}
