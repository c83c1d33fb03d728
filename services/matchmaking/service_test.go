package matchmaking

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

func TestTwoPlayersAreMatchedPlayAndAreNotified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.games()
	vera, paul := r.register("Vera"), r.register("Paul") // not in the index yet
	veraStream, paulStream := r.openStream(vera, mediaNDJSON), r.openStream(paul, mediaNDJSON)
	if s := veraStream.want(subscriptions.TypeState).Seat; s.Status != "idle" {
		t.Fatalf("%+v", s)
	}
	paulStream.want(subscriptions.TypeState)
	ticket := r.join(vera, "3+2", "")
	if ticket.Queue != "3+2" || ticket.Region != "eu" || !schemas.ValidID(ticket.TicketID) {
		t.Fatalf("%+v", ticket)
	}
	if q := veraStream.want(subscriptions.TypeQueued); q.TicketID != ticket.TicketID || q.Queue != "3+2" || q.Region != "eu" {
		t.Fatalf("%+v", q)
	}
	r.join(paul, "3%2B2", "")
	paulStream.want(subscriptions.TypeQueued)
	found, same := veraStream.want(subscriptions.TypeMatched), paulStream.want(subscriptions.TypeMatched)
	if found.GameID != same.GameID || found.Color == same.Color || found.Opponent.PlayerID != paul.id || found.Opponent.Handle != "Paul" || found.Deadline == nil {
		t.Fatalf("%+v and %+v", found, same)
	}
	if g := veraStream.want(subscriptions.TypeGameStarted); g.GameID != found.GameID {
		t.Fatalf("%+v", g)
	}
	paulStream.want(subscriptions.TypeGameStarted)

	// A later stream begins with the present state.
	eventually.True(r.t, "seated in the view", func() bool { row, _ := r.cfg.Players.Get(vera.id); return row.Seat.GameID != "" })
	late := r.openStream(vera, mediaNDJSON)
	if s := late.want(subscriptions.TypeState).Seat; s.Status != "playing" || s.GameID != found.GameID {
		t.Fatalf("%+v", s)
	}
	r.wantRefused(schemas.CodeAlreadyPlaying, "POST", "/v1/queues/5+0/join", vera, "", "")
	r.wantRefused(schemas.CodeAlreadyMatched, "POST", "/v1/queues/3+2/leave", vera, "", "")

	white, black := vera, paul
	if found.Color == schemas.Black {
		white, black = paul, vera
	}
	// After one move by each side the game is rated.
	move := func(p account, uci string) schemas.Command {
		return schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: found.GameID, Region: "eu", Actor: p.id, Payload: &schemas.PlayMovePayload{UCI: uci}}
	}
	r.send(move(white, "e2e4"), move(black, "e7e5"),
		schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: found.GameID, Region: "eu", Actor: black.id})
	for _, stream := range []*eventStream{veraStream, paulStream, late} {
		seen := map[string]subscriptions.Notification{}
		for range 2 { // two topics, in either order
			n, ok := stream.next()
			if !ok {
				t.Fatal(stream.lines.Err())
			}
			seen[n.Type] = n
		}
		if over := seen[subscriptions.TypeGameOver]; over.GameID != found.GameID || over.Result != schemas.WhiteWins || over.Termination != schemas.Resignation {
			t.Fatalf("%+v", seen)
		}
		if rated := seen[subscriptions.TypeRated]; rated.Speed != schemas.Blitz || rated.Change == nil || *rated.Change == 0 {
			t.Fatalf("%+v", seen)
		}
	}
	r.join(vera, "5+0", "") // at once: join waits for the seat
	veraStream.want(subscriptions.TypeQueued)
	r.leave(vera, "5+0", "")
	veraStream.want(subscriptions.TypeLeft)
	r.join(vera, "1+0", "") // at once after the leave
}

func TestSameIdempotencyKeyGivesSameTicket(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.RequestRate = 100 })
	p := r.register("Paul")
	first := r.join(p, "3+0", "k")
	if again := r.join(p, "3+0", "k"); again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	r.wantRefused(schemas.CodeKeyReused, "POST", "/v1/queues/5+0/join", p, "k", "")
	if again := r.join(p, "3+0", "k"); again != first { // the reuse of its key changes nothing
		t.Fatalf("%+v, then %+v", first, again)
	}
	r.wantRefused(schemas.CodeAlreadyQueued, "POST", "/v1/queues/5+0/join", p, "other", "")
	// A refused command stays refused, whatever has changed since.
	r.wantRefused(schemas.CodeNotQueued, "POST", "/v1/queues/5+0/leave", p, "", "")
	r.leave(p, "3+0", "bye")
	r.leave(p, "3+0", "bye")
	r.wantRefused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "again", "")
	r.wantRefused(schemas.CodeAlreadyQueued, "POST", "/v1/queues/5+0/join", p, "other", "")
	r.wantRefused(schemas.CodeKeyReused, "POST", "/v1/queues/5+0/leave", p, "other", "")

	// Of many joins at the same time one gets the seat.
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for _, pool := range schemas.Pools() {
		all.Go(func() {
			resp := r.request("POST", "/v1/queues/"+pool+"/join", p, "", "", nil)
			mu.Lock()
			defer mu.Unlock()
			got[resp.StatusCode]++
		})
	}
	all.Wait()
	if got[http.StatusOK] != 1 || got[http.StatusConflict] != len(schemas.Pools())-1 {
		t.Fatalf("%v", got)
	}
}

func TestQueuesListHowManyWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.register("One")
	var t1 ticketView
	r.request("POST", "/v1/queues/10+5/join", one, "", `{"region":"us-east"}`, &t1)
	if t1.Region != "us-east" {
		t.Fatalf("%+v", t1)
	}
	waiting := func() (n map[string]int) {
		n = map[string]int{}
		var out struct{ Queues []queueView }
		r.request("GET", "/v1/queues", account{}, "", "", &out)
		if len(out.Queues) != 2*len(schemas.Pools()) {
			t.Fatalf("%d queues", len(out.Queues))
		}
		for _, q := range out.Queues {
			if q.Waiting > 0 {
				n[q.Region+" "+q.Queue+" "+string(q.Speed)] = q.Waiting
			}
		}
		return n
	}
	eventually.True(r.t, "counted", func() bool { n := waiting(); return len(n) == 1 && n["us-east 10+5 rapid"] == 1 })
}

func TestMatchFailsWhenGameDoesNotStart(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, time.Second) // without the games processor
	a, b := r.register("Anna"), r.register("Boris")
	stream := r.openStream(a, mediaNDJSON)
	stream.want(subscriptions.TypeState)
	ticket := r.join(a, "3+2", "")
	r.join(b, "3+2", "")
	stream.want(subscriptions.TypeQueued)
	g := stream.want(subscriptions.TypeMatched)
	if f := stream.want(subscriptions.TypeMatchFailed); f.GameID != g.GameID || f.TicketID != ticket.TicketID {
		t.Fatalf("%+v, want %+v", f, g)
	}
	// Their tickets wait again and are matched again, once the service has told that both
	// are here, by a stream and by a join; this time the game starts.
	r.games()
	for match := g; ; {
		next, ok := stream.next()
		if !ok {
			t.Fatal(stream.lines.Err())
		}
		if next.Type == subscriptions.TypeGameStarted {
			if next.GameID == g.GameID || next.GameID != match.GameID {
				t.Fatalf("%+v", next)
			}
			break
		}
		if next.Type == subscriptions.TypeMatched {
			match = next
		}
	}
}

func TestEveryInstanceServesEveryPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.register("Wanderer")
	stream := r.openStream(p, mediaNDJSON)
	stream.want(subscriptions.TypeState)
	r.wantRefused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "early", "")

	other := r.on(r.start()) // starts now, and knows the refusal
	first := other.join(p, "3+0", "k")
	if q := stream.want(subscriptions.TypeQueued); q.TicketID != first.TicketID {
		t.Fatalf("%+v, want %+v", q, first)
	}
	if again := r.join(p, "3+0", "k"); again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	other.wantRefused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "early", "")
	r.leave(p, "3+0", "")
	stream.want(subscriptions.TypeLeft)
}

func TestServerSentEventsStream(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) {
		c.KeepAlive = 10 * time.Millisecond
		c.MaxStreamsPerPlayer, c.MaxStreamsPerAddress = 2, 3
	})
	p := r.register("Sse")
	stream, other := r.openStream(p, mediaSSE), r.openStream(p, mediaSSE)
	r.wantRefused(schemas.CodeRateLimited, "GET", "/v1/me/events", p, "", "")
	neighbour := r.openStream(r.register("Neighbour"), mediaSSE)
	r.wantRefused(schemas.CodeRateLimited, "GET", "/v1/me/events", r.register("Crowd"), "", "") // the address has its share
	neighbour.close()
	other.close()
	const want = "event: state\ndata: {\"type\":\"state\",\"seat\":{\"status\":\"idle\"}}\n\n:\n\n" // and a keep-alive
	got := make([]byte, len(want))
	if _, err := io.ReadFull(stream.resp.Body, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v", got, err)
	}
	stream.close()
	eventually.True(r.t, "closed", func() bool { return !r.subscriptions.Any() })
}

func TestStreamEndsAtMaxStreamAge(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.MaxStreamAge = 50 * time.Millisecond })
	p := r.register("Old")
	stream := r.openStream(p, mediaNDJSON)
	for stream.lines.Scan() {
	}
	if err := stream.lines.Err(); err != nil {
		t.Fatal(err)
	}
	eventually.True(r.t, "closed", func() bool { return !r.subscriptions.Any() })
}
