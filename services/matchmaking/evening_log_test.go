package matchmaking

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// lastSign is how long after a player's last sign of life they may be paired.
const lastSign = 15 * time.Second

// held is a time in which a player held a ticket or played.
type held struct {
	player, what string
	from, to     schemas.Time
}

// reckoning is the evening by its log.
type reckoning struct {
	t      *testing.T
	holds  map[string][]held // by player
	open   map[string]held   // by ticket or game, until it ends
	games  map[string]*schemas.GameOver
	seats  map[string]*schemas.MatchFoundPayload
	queued map[string]bool // tickets
	rated  map[string][]schemas.Event
	count  map[string]int
}

// judge checks the log of the evening.
func (e *evening) judge() {
	e.t.Helper()
	given := map[string]bool{}
	eventually.True(e.t, "every game has ended", func() bool {
		playing := false
		for _, p := range e.accounts {
			row, ok := e.cfg.Players.Get(p.id)
			if !ok || row.Seat.Status != player.Playing {
				continue
			}
			if playing = true; !given[row.Seat.GameID] { // they go home
				given[row.Seat.GameID] = true
				e.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: row.Seat.GameID, Region: "eu", Actor: p.id})
			}
		}
		return !playing
	})
	r := e.read()
	for who, holds := range r.holds {
		slices.SortFunc(holds, func(a, b held) int { return int(a.from - b.from) })
		for i := 1; i < len(holds); i++ {
			if before := holds[i-1]; holds[i].from < before.to {
				e.t.Errorf("player %s has %+v and %+v", who, before, holds[i])
			}
		}
	}
	r.checkRatings()
	e.t.Log(r.count)
	want := []string{"matches", "rematches", "rematches that failed", "left"}
	if e.long {
		want = append(want, "no-shows")
	} else {
		want = want[:2]
	}
	for _, what := range want {
		if r.count[what] == 0 {
			e.t.Errorf("no %s: the evening proves nothing about them", what)
		}
	}
}

func (e *evening) read() *reckoning {
	r := &reckoning{
		t: e.t, holds: map[string][]held{}, open: map[string]held{}, games: map[string]*schemas.GameOver{},
		seats: map[string]*schemas.MatchFoundPayload{}, queued: map[string]bool{}, rated: map[string][]schemas.Event{}, count: map[string]int{},
	}
	for topic, take := range map[string]func(schemas.Event){
		schemas.QueueEvents: func(ev schemas.Event) { r.queueEvent(e, ev) }, schemas.GameEvents: r.gameEvent, schemas.PlayerEvents: r.playerEvent,
	} {
		err := kafka.ReadAll(e.t.Context(), e.Config, topic, func(rec *kgo.Record) error {
			ev, err := schemas.DecodeEvent(rec.Value)
			if err == nil {
				take(ev)
			}
			return err
		})
		if err != nil {
			e.t.Fatal(err)
		}
	}
	r.checkNoShows()
	for _, h := range r.open { // still held when the log ends
		h.to = math.MaxInt64
		r.holds[h.player] = append(r.holds[h.player], h)
	}
	return r
}

func (r *reckoning) begin(id, what, player string, at schemas.Time) {
	r.open[id+player] = held{player, what + " " + id, at, at}
}

func (r *reckoning) end(id, player string, at schemas.Time) {
	if h, ok := r.open[id+player]; ok {
		h.to = at
		r.holds[player] = append(r.holds[player], h)
		delete(r.open, id+player)
	}
}

func (r *reckoning) queueEvent(e *evening, ev schemas.Event) {
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		r.queued[p.TicketID] = true
		r.begin(p.TicketID, "ticket", p.PlayerID, ev.OccurredAt)
	case *schemas.PlayerLeftQueuePayload:
		r.count["left"]++
		r.end(p.TicketID, p.PlayerID, ev.OccurredAt)
	case *schemas.MatchFoundPayload:
		r.seats[p.GameID] = p
		for _, s := range []schemas.Seated{p.White, p.Black} {
			r.end(s.TicketID, s.PlayerID, ev.OccurredAt)
			if p.Named == nil && !e.heardWithin(s.PlayerID, ev.OccurredAt.Std(), lastSign) {
				r.t.Errorf("player %s was paired at %v, and gone for more than %v: %+v", s.PlayerID, ev.OccurredAt.Std(), lastSign, e.heard[s.PlayerID])
			}
		}
		if p.Named == nil {
			r.count["matches"]++
		} else {
			r.count["rematches"]++
		}
	}
}

// heardWithin reports whether a player gave a sign of life in the time before at.
func (e *evening) heardWithin(player string, at time.Time, within time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.heard[player], func(p presence) bool {
		return !p.from.After(at.Add(time.Second)) && (p.to.IsZero() || p.to.After(at.Add(-within)))
	})
}

func (r *reckoning) gameEvent(ev schemas.Event) {
	switch p := ev.Payload.(type) {
	case *schemas.GameCreatedPayload:
		r.begin(ev.Key, "game", p.White.PlayerID, ev.OccurredAt)
		r.begin(ev.Key, "game", p.Black.PlayerID, ev.OccurredAt)
	case *schemas.GameOver:
		r.games[ev.Key] = p
		if p.Termination != schemas.MatchExpired {
			r.end(ev.Key, p.White.PlayerID, ev.OccurredAt)
			r.end(ev.Key, p.Black.PlayerID, ev.OccurredAt)
		}
	case *schemas.RematchFailedPayload:
		r.count["rematches that failed"]++
	}
}

func (r *reckoning) playerEvent(ev schemas.Event) {
	if _, ok := ev.Payload.(*schemas.PlayerRatedPayload); ok {
		r.rated[ev.Key] = append(r.rated[ev.Key], ev)
	}
}

// checkNoShows checks that who waited for a first move was queued again.
func (r *reckoning) checkNoShows() {
	for id, over := range r.games {
		if over.Termination != schemas.FirstMoveExpired || schemas.IsNamedQueue(over.Queue) {
			continue
		}
		r.count["no-shows"]++
		waited := over.Black
		if over.Plies == 1 {
			waited = over.White
		}
		if !r.queued[schemas.DerivedID(id, "again/"+waited.PlayerID, 1)] {
			r.t.Errorf("player %s waited in vain in game %s and was not queued again", waited.PlayerID, id)
		}
	}
}

// checkRatings checks that each rating begins where the one before ended, and that both
// sides of a game began with it.
func (r *reckoning) checkRatings() {
	for player, events := range r.rated {
		slices.SortFunc(events, func(a, b schemas.Event) int { return int(a.Seq - b.Seq) })
		last := map[schemas.Speed]float64{}
		for _, ev := range events {
			p := ev.Payload.(*schemas.PlayerRatedPayload)
			if before, ok := last[p.Speed]; ok && before != p.Basis.Rating {
				r.t.Errorf("player %s: %+v begins from %v, the game before ended with %v", player, p, p.Basis.Rating, before)
			}
			last[p.Speed] = p.Rating
			over := r.games[p.GameID]
			own, other := over.White, over.Black
			if own.PlayerID != player {
				own, other = other, own
			}
			if own.Rating != p.Basis.Rating || other.Rating != p.Basis.OpponentRating {
				r.t.Errorf("game %s began with %v and %v, and was rated from %+v", p.GameID, own.Rating, other.Rating, p.Basis)
			}
		}
	}
}
