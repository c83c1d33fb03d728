package matchmaking

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"tabiya/schemas"
)

func TestTwoPlayersMeetAndHearOfIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.games()
	vera, max := r.register("Vera"), r.register("Max") // not in the index yet
	hers, his := r.listen(vera, mediaNDJSON), r.listen(max, mediaNDJSON)
	if s := hers.want(itemState).Seat; s.Status != "idle" {
		t.Fatalf("%+v", s)
	}
	his.want(itemState)
	ticket := r.join(vera, "3+2", "")
	if ticket.Queue != "3+2" || ticket.Region != "eu" || !schemas.ValidID(ticket.TicketID) {
		t.Fatalf("%+v", ticket)
	}
	if q := hers.want(itemQueued); q.TicketID != ticket.TicketID || q.Queue != "3+2" || q.Region != "eu" {
		t.Fatalf("%+v", q)
	}
	r.join(max, "3%2B2", "")
	his.want(itemQueued)
	found, same := hers.want(itemMatched), his.want(itemMatched)
	if found.GameID != same.GameID || found.Color == same.Color || found.Opponent.PlayerID != max.id || found.Opponent.Handle != "Max" || found.Deadline == nil {
		t.Fatalf("%+v and %+v", found, same)
	}
	if g := hers.want(itemGameStarted); g.GameID != found.GameID {
		t.Fatalf("%+v", g)
	}
	his.want(itemGameStarted)

	// Who comes late hears how things are.
	r.eventually("seated in the view", func() bool { row, _ := r.cfg.Players.Get(vera.id); return row.Seat.GameID != "" })
	late := r.listen(vera, mediaNDJSON)
	if s := late.want(itemState).Seat; s.Status != "playing" || s.GameID != found.GameID {
		t.Fatalf("%+v", s)
	}
	r.refused(schemas.CodeAlreadyPlaying, "POST", "/v1/queues/5+0/join", vera, "", "")
	r.refused(schemas.CodeAlreadyMatched, "POST", "/v1/queues/3+2/leave", vera, "", "")

	white, black := vera, max
	if found.Color == schemas.Black {
		white, black = max, vera
	}
	// A move each makes it a rated game.
	move := func(who person, uci string) schemas.Command {
		return schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: found.GameID, Region: "eu", Actor: who.id, Payload: &schemas.PlayMovePayload{UCI: uci}}
	}
	r.send(move(white, "e2e4"), move(black, "e7e5"),
		schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: found.GameID, Region: "eu", Actor: black.id})
	for _, l := range []*listener{hers, his, late} {
		seen := map[string]item{}
		for range 2 { // two topics: in either order
			i, ok := l.next()
			if !ok {
				t.Fatal(l.lines.Err())
			}
			seen[i.Type] = i
		}
		if over := seen[itemGameOver]; over.GameID != found.GameID || over.Result != schemas.WhiteWins || over.Termination != schemas.Resignation {
			t.Fatalf("%+v", seen)
		}
		if rated := seen[itemRated]; rated.Speed != schemas.Blitz || rated.Change == nil || *rated.Change == 0 {
			t.Fatalf("%+v", seen)
		}
	}
	r.join(vera, "5+0", "") // at once: the seat is waited for
	hers.want(itemQueued)
	r.leave(vera, "5+0", "")
	hers.want(itemLeft)
	r.join(vera, "1+0", "") // likewise
}

func TestTheSameKeyIsTheSameTicket(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.register("Paul")
	first := r.join(p, "3+0", "k")
	if again := r.join(p, "3+0", "k"); again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	r.refused(schemas.CodeKeyReused, "POST", "/v1/queues/5+0/join", p, "k", "")
	if again := r.join(p, "3+0", "k"); again != first { // that its key was tried for something else is no matter
		t.Fatalf("%+v, then %+v", first, again)
	}
	r.refused(schemas.CodeAlreadyQueued, "POST", "/v1/queues/5+0/join", p, "other", "")
	// A refusal is given again, whatever has changed.
	r.refused(schemas.CodeNotQueued, "POST", "/v1/queues/5+0/leave", p, "", "")
	r.leave(p, "3+0", "bye")
	r.leave(p, "3+0", "bye")
	r.refused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "again", "")
	r.refused(schemas.CodeAlreadyQueued, "POST", "/v1/queues/5+0/join", p, "other", "")
	r.refused(schemas.CodeKeyReused, "POST", "/v1/queues/5+0/leave", p, "other", "")

	// All at once, one seat.
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for _, pool := range schemas.Pools() {
		all.Go(func() {
			resp := r.ask("POST", "/v1/queues/"+pool+"/join", p, "", "", nil)
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

func TestQueuesTellWhoWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.register("One")
	var t1 ticketView
	r.ask("POST", "/v1/queues/10+5/join", one, "", `{"region":"us-east"}`, &t1)
	if t1.Region != "us-east" {
		t.Fatalf("%+v", t1)
	}
	waiting := func() (n map[string]int) {
		n = map[string]int{}
		var out struct{ Queues []queueView }
		r.ask("GET", "/v1/queues", person{}, "", "", &out)
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
	r.eventually("counted", func() bool { n := waiting(); return len(n) == 1 && n["us-east 10+5 rapid"] == 1 })
}

func TestAMatchWithoutItsGameFails(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, time.Second) // without the games processor
	a, b := r.register("Anna"), r.register("Boris")
	l := r.listen(a, mediaNDJSON)
	l.want(itemState)
	ticket := r.join(a, "3+2", "")
	r.join(b, "3+2", "")
	l.want(itemQueued)
	g := l.want(itemMatched)
	if f := l.want(itemMatchFailed); f.GameID != g.GameID || f.TicketID != ticket.TicketID {
		t.Fatalf("%+v, want %+v", f, g)
	}
	// They wait again, and meet again; this time it is played.
	r.games()
	for i := l.want(itemMatched); ; {
		next, ok := l.next()
		if !ok {
			t.Fatal(l.lines.Err())
		}
		if next.Type == itemGameStarted {
			if next.GameID == g.GameID || next.GameID != i.GameID {
				t.Fatalf("%+v", next)
			}
			break
		}
		if next.Type == itemMatched {
			i = next
		}
	}
}

func TestEveryInstanceCanAnswerForEveryPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.register("Wanderer")
	l := r.listen(p, mediaNDJSON)
	l.want(itemState)
	r.refused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "early", "")

	other := r.on(r.start()) // begins now, and knows what was refused
	first := other.join(p, "3+0", "k")
	if q := l.want(itemQueued); q.TicketID != first.TicketID {
		t.Fatalf("%+v, want %+v", q, first)
	}
	if again := r.join(p, "3+0", "k"); again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	other.refused(schemas.CodeNotQueued, "POST", "/v1/queues/3+0/leave", p, "early", "")
	r.leave(p, "3+0", "")
	l.want(itemLeft)
}

func TestAStreamOfServerSentEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) {
		c.KeepAlive = 10 * time.Millisecond
		c.MaxStreamsPerPlayer = 2
	})
	p := r.register("Sse")
	l, other := r.listen(p, mediaSSE), r.listen(p, mediaSSE)
	r.refused(schemas.CodeTooManyConnections, "GET", "/v1/me/events", p, "", "")
	other.close()
	const state = "event: state\ndata: {\"type\":\"state\",\"seat\":{\"status\":\"idle\"}}\n\n"
	first := make([]byte, len(state+":\n\n"))
	if _, err := io.ReadFull(l.resp.Body, first); err != nil || string(first) != state+":\n\n" {
		t.Fatalf("%q, %v", first, err)
	}
	l.close()
	r.eventually("gone", func() bool { return !r.hub.Listening() })
}

func TestStreamEndsAtItsAge(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.MaxStreamAge = 50 * time.Millisecond })
	p := r.register("Old")
	l := r.listen(p, mediaNDJSON)
	for l.lines.Scan() {
	}
	if err := l.lines.Err(); err != nil {
		t.Fatal(err)
	}
	r.eventually("gone", func() bool { return !r.hub.Listening() })
}
