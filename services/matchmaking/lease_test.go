package matchmaking

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"tabiya/internal/core/queue"
	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

// ticket returns the ticket that waits in 3+2, by its player.
func (r *rig) ticket(p account) (t queue.Ticket, ok bool) {
	row, exists := r.queues.Get(schemas.QueueKey("eu", "3+2", shard))
	if !exists {
		return t, false
	}
	i := slices.IndexFunc(row.Waiting, func(t queue.Ticket) bool { return t.PlayerID.String() == p.id })
	if i < 0 {
		return t, false
	}
	return row.Waiting[i], true
}

func (r *rig) waitsDormant(p account, want bool) {
	r.t.Helper()
	eventually.True(r.t, "the ticket is dormant: "+strconv.FormatBool(want), func() bool {
		t, ok := r.ticket(p)
		return ok && t.Dormant() == want
	})
}

// started reads the game_started of the player's match. A "matched" before it may be
// missing.
func (e *eventStream) started() subscriptions.Notification {
	e.t.Helper()
	n, ok := e.next()
	if ok && n.Type == subscriptions.TypeMatched {
		n, ok = e.next()
	}
	if !ok || n.Type != subscriptions.TypeGameStarted {
		e.t.Fatalf("%+v (%v), want game_started", n, e.lines.Err())
	}
	return n
}

func TestPlayerWhoIsGoneIsPairedOnlyOnceBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone, here, third := r.register("Gone"), r.register("Here"), r.register("Third")
	stream := r.openStream(gone, mediaNDJSON)
	stream.want(subscriptions.TypeState)
	r.join(gone, "3+2", "")
	stream.close()
	r.waitsDormant(gone, true)

	others := []*eventStream{r.openStream(here, mediaNDJSON), r.openStream(third, mediaNDJSON)}
	r.join(here, "3+2", "")
	r.join(third, "3+2", "")
	for _, s := range others { // the two who came later are paired
		s.want(subscriptions.TypeState)
		s.want(subscriptions.TypeQueued)
		if m := s.want(subscriptions.TypeMatched); m.Opponent.PlayerID == gone.id {
			t.Fatalf("%+v", m)
		}
	}
	back := r.openStream(gone, mediaNDJSON)
	if s := back.want(subscriptions.TypeState).Seat; s.Status != "queued" {
		t.Fatalf("%+v", s)
	}
	r.waitsDormant(gone, false)
	fourth := r.register("Fourth")
	r.openStream(fourth, mediaNDJSON)
	r.join(fourth, "3+2", "")
	if m := back.want(subscriptions.TypeMatched); m.Opponent.PlayerID != fourth.id {
		t.Fatalf("%+v", m)
	}
}

func TestDeathOfAnInstanceEndsItsLeases(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.register("Moved")
	dying := r.start()
	other := r.on(dying)
	other.openStream(p, mediaNDJSON).want(subscriptions.TypeState)
	other.join(p, "3+2", "")
	dying.stop()
	r.waitsDormant(p, true)
	r.openStream(p, mediaNDJSON).want(subscriptions.TypeState)
	r.waitsDormant(p, false)
	if ticket, ok := r.ticket(p); !ok || ticket.Holder.String() != r.leases.Instance() {
		t.Fatalf("%+v", ticket)
	}
}

func TestWhoAbortsAgainAndAgainHasToWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.games()
	rude, other := r.register("Rude"), r.register("Other")
	stream := r.openStream(rude, mediaNDJSON)
	stream.want(subscriptions.TypeState)
	r.openStream(other, mediaNDJSON)
	for n := range 2 {
		r.join(rude, "3+2", "")
		r.join(other, "3+2", "")
		stream.want(subscriptions.TypeQueued)
		game := stream.started().GameID
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.AbortGame, Key: game, Region: "eu", Actor: rude.id})
		stream.want(subscriptions.TypeGameOver)
		eventually.True(t, "counted", func() bool { row, _ := r.cfg.Players.Get(rude.id); return row.Missed.Games == n+1 })
	}
	var problem httpx.Problem
	resp := r.request("POST", "/v1/queues/3+2/join", rude, "", "", &problem)
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if resp.StatusCode != http.StatusTooManyRequests || problem.Code != schemas.CodeJoinTooSoon || err != nil || seconds < 20 || seconds > 30 {
		t.Fatalf("%d %+v, Retry-After %d", resp.StatusCode, problem, seconds)
	}
	r.join(other, "3+2", "") // who was aborted has no wait
}

func TestRematchIsToldOnBothStreams(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.games()
	a, b := r.register("Anna"), r.register("Ben")
	streams := map[string]*eventStream{a.id: r.openStream(a, mediaNDJSON), b.id: r.openStream(b, mediaNDJSON)}
	r.join(a, "3+2", "")
	r.join(b, "3+2", "")
	var first subscriptions.Notification
	for _, s := range streams {
		s.want(subscriptions.TypeState)
		s.want(subscriptions.TypeQueued)
		first = s.started()
	}
	end := func(game, loser string) {
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: game, Region: "eu", Actor: loser})
		for _, s := range streams {
			s.want(subscriptions.TypeGameOver)
		}
		eventually.True(t, "both seats are free", func() bool {
			for id := range streams {
				if row, _ := r.cfg.Players.Get(id); row.Seat.Status != 0 {
					return false
				}
			}
			return true
		})
	}
	agree := func(game string) {
		for _, c := range []schemas.Command{{Type: schemas.OfferRematch, Actor: a.id}, {Type: schemas.AcceptRematch, Actor: b.id}} {
			c.ID, c.Key, c.Region = schemas.NewID(), game, "eu"
			r.send(c)
		}
	}
	end(first.GameID, a.id)
	agree(first.GameID)
	var second subscriptions.Notification
	for id, s := range streams {
		second = s.started()
		if second.GameID == first.GameID || second.Opponent.PlayerID == id || second.TimeControl.InitialCs != 18000 || !*second.Rated {
			t.Fatalf("%+v", second)
		}
	}
	r.wantRefused(schemas.CodeAlreadyPlaying, "POST", "/v1/queues/5+0/join", a, "", "")
	end(second.GameID, b.id)

	r.join(a, "5+0", "")
	streams[a.id].want(subscriptions.TypeQueued)
	agree(second.GameID)
	for _, s := range streams {
		if n := s.want(subscriptions.TypeRematchFailed); n.GameID != second.GameID || n.Reason != schemas.SeatTaken {
			t.Fatalf("%+v", n)
		}
	}
	if seat := r.openStream(a, mediaNDJSON).want(subscriptions.TypeState).Seat; seat.Status != "queued" {
		t.Fatalf("%+v", seat)
	}
}
