package subscriptions

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

const self, opposing = "0190a000-0000-7000-8000-00000000000a", "0190a000-0000-7000-8000-00000000000b"

var testQueue = schemas.QueueKey("eu", "3+2", 0)

func rowOf(s seat) *player.State {
	return &player.State{ID: self, Seat: player.Seat{Status: s.status, Queue: s.queue, TicketID: s.ticketID, GameID: s.gameID}}
}

// history is what happened to a player, as the four topics hold it. Each topic
// is read in order; there is no order between them.
type history struct {
	queue, game []schemas.Event
	ratings     []schemas.Event
	rows        []seat
	n           int
}

func (h *history) id(kind string) string { h.n++; return fmt.Sprint(kind, h.n) }

func seated(ticket string) (schemas.Seated, schemas.Seated) {
	return schemas.Seated{PlayerID: self, TicketID: ticket}, schemas.Seated{PlayerID: opposing, TicketID: "opponent of " + ticket}
}

// refusedJoin adds a join that the queue refuses.
func (h *history) refusedJoin() {
	h.rows = append(h.rows, queuedSeat(testQueue, h.id("ticket")), seat{})
}

func (h *history) join() string {
	t := h.id("ticket")
	h.rows = append(h.rows, queuedSeat(testQueue, t))
	h.queue = append(h.queue, schemas.Event{Key: testQueue, Payload: &schemas.PlayerQueuedPayload{TicketID: t, PlayerID: self}})
	return t
}

func (h *history) leave(t string) {
	h.queue = append(h.queue, schemas.Event{Key: testQueue, Payload: &schemas.PlayerLeftQueuePayload{TicketID: t, PlayerID: self}})
	h.rows = append(h.rows, seat{})
}

func (h *history) match(t string) string {
	g := h.id("game")
	w, b := seated(t)
	h.queue = append(h.queue, schemas.Event{Key: testQueue, Payload: &schemas.MatchFoundPayload{GameID: g, White: w, Black: b}})
	return g
}

func (h *history) start(t, g string) {
	w, b := seated(t)
	h.game = append(h.game,
		schemas.Event{Key: g, Payload: &schemas.GameCreatedPayload{
			White: w, Black: b, Queue: testQueue, TimeControl: schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}, Rated: true,
		}},
		schemas.Event{Key: g, Payload: &schemas.GameStartedPayload{}})
}

func (h *history) sit(t, g string) {
	h.rows = append(h.rows, seat{status: player.Playing, queue: testQueue, ticketID: t, gameID: g})
}

func (h *history) over(t, g string, how schemas.Termination) {
	w, b := seated(t)
	h.game = append(h.game, schemas.Event{Key: g, Payload: &schemas.GameOver{White: w, Black: b, Queue: testQueue, Termination: how}})
}

func (h *history) fail(t, g string) {
	w, b := seated(t)
	h.queue = append(h.queue, schemas.Event{Key: testQueue, Payload: &schemas.MatchFailedPayload{GameID: g, White: w, Black: b}})
	h.rows = append(h.rows, queuedSeat(testQueue, t))
}

// randomHistory makes some queueings and games; the last may be unfinished.
func randomHistory(r *rand.Rand) *history {
	h := &history{rows: []seat{{}}}
	for range 1 + r.IntN(4) {
		if r.IntN(5) == 0 {
			h.refusedJoin()
			continue
		}
		t := h.join()
		for r.IntN(3) == 0 { // matches that fail, some after their game has started
			g := h.match(t)
			switch r.IntN(3) {
			case 0:
				h.start(t, g)
				h.sit(t, g)
				h.fail(t, g)
				h.over(t, g, schemas.MatchExpired)
			case 1:
				h.start(t, g)
				h.fail(t, g)
				h.over(t, g, schemas.MatchExpired)
			default:
				h.fail(t, g)
			}
		}
		switch r.IntN(5) {
		case 0:
			h.leave(t)
		case 1:
			return h
		default:
			g := h.match(t)
			h.start(t, g)
			h.sit(t, g)
			if r.IntN(4) == 0 {
				return h
			}
			h.over(t, g, schemas.Checkmate)
			h.ratings = append(h.ratings, schemas.Event{Key: self, Payload: &schemas.PlayerRatedPayload{GameID: g}})
			h.rows = append(h.rows, seat{})
		}
	}
	return h
}

// client is a client of the stream: it knows its seat from the notifications.
type client struct{ status, ticket, game string }

func (c *client) receive(n Notification) {
	switch n.Type {
	case TypeState:
		*c = client{n.Seat.Status, n.Seat.TicketID, n.Seat.GameID}
	case TypeQueued:
		*c = client{"queued", n.TicketID, ""}
	case TypeGameStarted:
		*c = client{"playing", n.TicketID, n.GameID}
	case TypeLeft:
		if c.status == "queued" && c.ticket == n.TicketID {
			*c = client{status: "idle"}
		}
	case TypeGameOver:
		if c.game == n.GameID {
			*c = client{status: "idle"}
		}
	case TypeMatchFailed:
		if c.status == "idle" || c.game == n.GameID || c.status == "queued" && c.ticket == n.TicketID {
			*c = client{"queued", n.TicketID, ""}
		}
	}
}

// replay passes a history to a registry, the topics interleaved at random, and
// subscribes at a random moment.
func replay(t *testing.T, r *rand.Rand, s *Registry, h *history) *Subscription {
	row, rows := h.rows[0], h.rows[1:]
	steps := len(h.queue) + len(h.game) + len(h.ratings) + len(rows)
	start, sub := r.IntN(steps+1), (*Subscription)(nil)
	for step := range steps + 1 {
		if step == start {
			var err error
			if sub, err = s.Subscribe(Client{PlayerID: self}, func() (*player.State, bool) { return rowOf(row), true }); err != nil {
				t.Fatal(err)
			}
		}
		if step == steps {
			break
		}
		switch n := r.IntN(len(h.queue) + len(h.game) + len(h.ratings) + len(rows)); {
		case n < len(h.queue):
			s.Publish(h.queue[0])
			h.queue = h.queue[1:]
		case n < len(h.queue)+len(h.game):
			s.Publish(h.game[0])
			h.game = h.game[1:]
		case n < len(h.queue)+len(h.game)+len(h.ratings):
			s.Publish(h.ratings[0])
			h.ratings = h.ratings[1:]
		default:
			row, rows = rows[0], rows[1:]
			s.UpdateRow(self, rowOf(row))
		}
	}
	return sub
}

// The client may have missed any part of the history, and rows and events may
// race in any way.
func TestClientEndsWithTrueSeat(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := randomHistory(r)
		final := h.rows[len(h.rows)-1]
		s := New(Limits{1, 1, 1})
		s.Open()
		sub := replay(t, r, s, h)
		s.reconcileAll() // notes that the seats differ, if they do
		s.reconcileAll() // corrects the client
		c, sent := client{}, []string(nil)
		for len(sub.Notifications) > 0 {
			n := <-sub.Notifications
			if n.Type == TypeRated && c.game == n.GameID {
				t.Fatalf("seed %d: rated while the client believes to be playing the game\n%q", seed, sent)
			}
			c.receive(n)
			sent = append(sent, fmt.Sprintf("%s %s %s %+v", n.Type, n.TicketID, n.GameID, n.Seat))
		}
		if c != (client{final.status.String(), final.ticketID, final.gameID}) || !sub.clientSeat.same(final) {
			t.Fatalf("seed %d: client %+v, subscription %+v, true seat %+v\n%q", seed, c, sub.clientSeat, final, sent)
		}
		if sub.rated != nil {
			t.Fatalf("seed %d: a rating is still held\n%q", seed, sent)
		}
	}
}

func drain(sub *Subscription) (types []string) {
	for len(sub.Notifications) > 0 {
		types = append(types, (<-sub.Notifications).Type)
	}
	return types
}

func TestNotificationsSentOnceAndFromOwnSide(t *testing.T) {
	t.Parallel()
	s := New(Limits{8, 8, 8})
	s.Open()
	idle := func() (*player.State, bool) { return rowOf(seat{}), true }
	sub, err := s.Subscribe(Client{PlayerID: self}, idle)
	if err != nil {
		t.Fatal(err)
	}
	h := &history{}
	ticket := h.join()
	g := h.match(ticket)
	h.start(ticket, g)
	h.over(ticket, g, schemas.Checkmate)
	for range 2 { // a stale processor repeats events
		for _, ev := range append(h.queue, h.game...) {
			s.Publish(ev)
		}
		s.Publish(schemas.Event{Key: self, Payload: &schemas.PlayerRatedPayload{GameID: g, Speed: schemas.Blitz, Rating: 1500}})
	}
	var got []Notification
	for len(sub.Notifications) > 0 {
		got = append(got, <-sub.Notifications)
	}
	want := []string{TypeState, TypeQueued, TypeMatched, TypeGameStarted, TypeGameOver, TypeRated}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Type != want[i] {
			t.Fatalf("%d: %s, want %s", i, got[i].Type, want[i])
		}
	}
	if g := got[3]; g.Color != schemas.White || g.Opponent.PlayerID != opposing || g.TimeControl == nil || *g.TimeControl != (schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}) || !*g.Rated {
		t.Fatalf("%+v", g)
	}
	if m := got[2]; m.Color != schemas.White || m.Opponent.PlayerID != opposing || m.GameID != g {
		t.Fatalf("%+v", m)
	}
}

// A player who subscribes during the game, and one whose event was read before their
// row, get all that is needed to show the board.
func TestRowAloneShowsBoardOfRunningGame(t *testing.T) {
	t.Parallel()
	s := New(Limits{8, 8, 8})
	s.Open()
	row := rowOf(seat{status: player.Playing, queue: testQueue, ticketID: "ticket", gameID: "game"})
	row.Seat.Game = &schemas.SeatedGame{
		Color: schemas.Black, OpponentID: opposing, OpponentHandle: "ben", OpponentRating: 1600, TimeControl: schemas.TimeControl{InitialCs: 6000}, Rated: true,
	}
	late, err := s.Subscribe(Client{PlayerID: self}, func() (*player.State, bool) { return row, true })
	if err != nil {
		t.Fatal(err)
	}
	early, err := s.Subscribe(Client{PlayerID: self}, func() (*player.State, bool) { return rowOf(seat{}), true })
	if err != nil {
		t.Fatal(err)
	}
	<-early.Notifications // idle
	s.UpdateRow(self, row)
	state, started := (<-late.Notifications).Seat, <-early.Notifications
	want := Board{schemas.Black, opponentView{opposing, "ben", 1600}, schemas.TimeControl{InitialCs: 6000}, true}
	if state.Board == nil || *state.Board != want {
		t.Errorf("%+v", state)
	}
	if started.Type != TypeGameStarted || started.Color != want.Color || *started.Opponent != want.Opponent || *started.TimeControl != want.TimeControl || !*started.Rated {
		t.Errorf("%+v", started)
	}
}

func TestSubscriptionEndsWhenReaderTooSlow(t *testing.T) {
	t.Parallel()
	s := New(Limits{2, 1, 2})
	s.Open()
	idle := func() (*player.State, bool) { return rowOf(seat{}), true }
	sub, err := s.Subscribe(Client{PlayerID: self}, idle)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(Client{PlayerID: self}, idle); !errors.Is(err, ErrTooManyOwn) {
		t.Fatal(err)
	}
	for i := range maxQueued {
		s.Publish(schemas.Event{Key: self, Payload: &schemas.PlayerRatedPayload{GameID: fmt.Sprint(i)}})
	}
	if s.Any() || len(drain(sub)) != maxQueued {
		t.Fatal("the subscription is still open")
	}
	if _, open := <-sub.Notifications; open {
		t.Fatal("not closed")
	}
	s.Unsubscribe(sub) // as its handler does: no effect
	other, err := s.Subscribe(Client{PlayerID: opposing}, idle)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	drain(other)
	if _, open := <-other.Notifications; open {
		t.Fatal("not closed")
	}
	if _, err := s.Subscribe(Client{PlayerID: self}, idle); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestFirstStreamTakesThePlaceOfAnotherPlayersNewestExtra(t *testing.T) {
	t.Parallel()
	s := New(Limits{All: 4, PerPlayer: 3, PerNetwork: 3})
	s.Open()
	subscribe := func(playerID, network string) (*Subscription, error) {
		return s.Subscribe(Client{playerID, network}, func() (*player.State, bool) { return rowOf(seat{}), true })
	}
	must := func(playerID string) *Subscription {
		t.Helper()
		sub, err := subscribe(playerID, playerID)
		if err != nil {
			t.Fatal(err)
		}
		return sub
	}
	ended := func(sub *Subscription) bool {
		_, open := s.byPlayer[sub.client.PlayerID][sub]
		return !open
	}
	first, second, third, other := must("greedy"), must("greedy"), must("greedy"), must("other")
	if _, err := subscribe("other", "other"); !errors.Is(err, ErrTooMany) {
		t.Errorf("a second stream at the limit: %v", err)
	}
	if _, err := subscribe("neighbour", "greedy"); !errors.Is(err, ErrTooManyOfNetwork) {
		t.Errorf("a fourth stream of a network: %v", err)
	}
	s.Unsubscribe(first) // now one of the others is the player's first, and stays
	must("third player")
	must("fourth player")
	if ended(second) == ended(third) || ended(other) || !s.Has("greedy") {
		t.Errorf("ended: %v %v %v", ended(second), ended(third), ended(other))
	}
	if _, err := subscribe("fifth player", "elsewhere"); !errors.Is(err, ErrTooMany) {
		t.Errorf("with no extra stream left: %v", err)
	}
	s.Close()
	if s.count != 0 || s.extras.Len() != 0 || len(s.byNetwork) != 0 {
		t.Errorf("left: %d %d %v", s.count, s.extras.Len(), s.byNetwork)
	}
}
