package queue_test

import (
	"slices"

	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/schemas"
	"tabiya/tables"
)

// check checks what must hold at every step: a player has at most one ticket that can
// be paired or one game whose match has not failed.
func (w *world) check() {
	for _, n := range w.all {
		if n.recovering() {
			return // its rows are older than the messages it has already sent
		}
	}
	holds := map[string][]string{}
	for _, n := range w.nodes[schemas.QueueCommands] {
		for key, raw := range n.rows {
			for _, pair := range w.core.row(key, raw).Pairs {
				for _, p := range []*queue.Party{pair.White, pair.Black} {
					if p == nil {
						continue
					}
					who := p.PlayerID.String()
					holds[who] = append(holds[who], "seat for "+pair.Game.GameID)
					if seat := w.seat(who); seat.Status != player.Queued || seat.TicketID != p.TicketID.String() {
						w.t.Fatalf("player %s has no seat for game %s: %+v", who, pair.Game.GameID, seat)
					}
				}
			}
			for _, t := range w.core.row(key, raw).Waiting {
				if !t.Returning {
					who := t.PlayerID.String()
					holds[who] = append(holds[who], "ticket "+t.TicketID.String())
					if seat := w.seat(who); seat.Status != player.Queued || seat.TicketID != t.TicketID.String() || seat.Attempt != t.Attempt {
						w.t.Fatalf("ticket %s, attempt %d, can be paired, but its player's seat is %+v", t.TicketID, t.Attempt, seat)
					}
				}
			}
		}
	}
	w.games(func(key string, g gameRow) {
		if g.Status == "live" && !w.failed[key] {
			for _, s := range []schemas.Seated{g.Game.White, g.Game.Black} {
				holds[s.PlayerID] = append(holds[s.PlayerID], "game "+key)
			}
		}
	})
	for who, what := range holds {
		if len(what) > 1 {
			w.t.Fatalf("player %s has %v", who, what)
		}
	}
}

func (w *world) player(id string) *player.State {
	return playerCore{tables.Players()}.row(id, w.node(w.partitionOf(schemas.PlayerCommands, id)).rows[id])
}

func (w *world) seat(id string) player.Seat {
	if s := w.player(id); s != nil {
		return s.Seat
	}
	return player.Seat{}
}

// checkDrained checks what must hold once nothing changes any more.
func (w *world) checkDrained() {
	waiting := map[string]string{} // ticket to player
	for _, n := range w.nodes[schemas.QueueCommands] {
		for key, raw := range n.rows {
			s := w.core.row(key, raw)
			if len(s.Matches) > 0 {
				w.t.Fatalf("queue %s still has matches: %+v", key, s.Matches)
			}
			if len(s.Pairs) > 0 {
				w.t.Fatalf("queue %s still waits for seats: %+v", key, s.Pairs)
			}
			if len(s.Waiting) > 1 {
				w.t.Fatalf("queue %s leaves %d tickets unpaired", key, len(s.Waiting))
			}
			for _, t := range s.Waiting {
				if t.Returning {
					w.t.Fatalf("ticket %s never stops returning", t.TicketID)
				}
				if t.Dormant() {
					w.t.Fatalf("ticket %s is dormant for ever", t.TicketID)
				}
				waiting[t.TicketID.String()] = t.PlayerID.String()
			}
		}
	}
	for _, who := range w.players {
		switch seat := w.seat(who); seat.Status {
		case player.Playing:
			w.t.Fatalf("player %s never leaves game %s", who, seat.GameID)
		case player.Queued:
			if waiting[seat.TicketID] != who {
				w.t.Fatalf("player %s has ticket %s, which is in no queue", who, seat.TicketID)
			}
			delete(waiting, seat.TicketID)
		case player.Idle:
		}
	}
	if len(waiting) > 0 {
		w.t.Fatalf("tickets without a seat: %v", waiting)
	}
	w.checkEvents()
	w.checkTickets()
	w.checkRematches()
	for id, n := range w.sent {
		if n == 1 && w.accepted[id] && w.refused[id] != "" {
			w.t.Fatalf("command %s was accepted and refused (%s)", id, w.refused[id])
		}
		if !w.answered[id] {
			w.t.Fatalf("command %s was never answered", id)
		}
	}
}

// checkEvents checks that seqs have no gaps and each game is rated once per player.
func (w *world) checkEvents() {
	rated := map[string]int{}
	for key, bySeq := range w.events {
		for seq := int64(1); seq <= int64(len(bySeq)); seq++ {
			if bySeq[seq] == nil {
				w.t.Fatalf("%s has %d events but none with seq %d", key, len(bySeq), seq)
			}
			if e, err := schemas.DecodeEvent(bySeq[seq]); err == nil && e.Type == schemas.PlayerRated {
				rated[e.Payload.(*schemas.PlayerRatedPayload).GameID+key]++
			}
		}
	}
	w.checkRatings()
	w.games(func(key string, g gameRow) {
		want := 0
		if g.Status == "over" && !g.Failed && !g.NoShow {
			want = 1
		}
		for _, s := range []schemas.Seated{g.Game.White, g.Game.Black} {
			if g.Status == "over" && rated[key+s.PlayerID] != want {
				w.t.Fatalf("game %s rated player %s %d times, not %d", key, s.PlayerID, rated[key+s.PlayerID], want)
			}
		}
	})
}

// checkRatings checks that a rating was computed from the ratings that the players had
// before the game. A game that was played although its match had failed is no such case:
// its players had a ticket, with the rating of before, when its result came.
func (w *world) checkRatings() {
	games := map[string]gameRow{}
	late := map[string]bool{}
	w.games(func(key string, g gameRow) {
		games[key] = g
		if w.failed[key] && g.Status == "over" && !g.Failed {
			late[g.Game.White.PlayerID], late[g.Game.Black.PlayerID] = true, true
		}
	})
	for _, who := range w.players {
		for _, raw := range w.events[who] {
			e, err := schemas.DecodeEvent(raw)
			p, ok := e.Payload.(*schemas.PlayerRatedPayload)
			if err != nil || !ok {
				continue
			}
			g := games[p.GameID].Game
			own, other := g.White, g.Black
			if who == g.Black.PlayerID {
				own, other = other, own
			}
			if late[own.PlayerID] || late[other.PlayerID] {
				continue
			}
			if p.Basis.Rating != own.Rating || p.Basis.OpponentRating != other.Rating {
				w.t.Fatalf("game %s was rated from %+v, and began with %+v and %+v", p.GameID, p.Basis, own, other)
			}
		}
	}
}

// checkRematches checks that an accepted rematch is played, or else that its players are
// told so, and never both.
func (w *world) checkRematches() {
	played := map[string]bool{}
	w.games(func(key string, g gameRow) { played[key] = g.Status == "live" || g.Status == "over" })
	w.games(func(key string, g gameRow) {
		switch {
		case g.Rematch == "" || w.failed[g.Rematch]:
		case played[g.Rematch] && g.NoRematch:
			w.t.Fatalf("the rematch %s of game %s is played, and its players were told that it is not", g.Rematch, key)
		case !played[g.Rematch] && !g.NoRematch && w.evicted[key] == nil:
			w.t.Fatalf("the rematch %s of game %s is not played, and nobody was told", g.Rematch, key)
		}
	})
}

// checkTickets checks that every queued ticket was matched, left, or is still waiting.
func (w *world) checkTickets() {
	last := map[string]schemas.EventType{}
	for _, key := range w.queues {
		for seq := int64(1); seq <= int64(len(w.events[key])); seq++ {
			e, err := schemas.DecodeEvent(w.events[key][seq])
			if err != nil {
				w.t.Fatal(err)
			}
			switch p := e.Payload.(type) {
			case *schemas.PlayerQueuedPayload:
				if before, ok := last[p.TicketID]; ok {
					w.t.Fatalf("ticket %s is queued after %s", p.TicketID, before)
				}
				last[p.TicketID] = e.Type
			case *schemas.PlayerLeftQueuePayload:
				w.follows(last, p.TicketID, e.Type, schemas.PlayerQueued, schemas.MatchFailed)
			case *schemas.MatchFoundPayload:
				w.follows(last, p.White.TicketID, e.Type, schemas.PlayerQueued, schemas.MatchFailed)
				w.follows(last, p.Black.TicketID, e.Type, schemas.PlayerQueued, schemas.MatchFailed)
			case *schemas.MatchConfirmedPayload:
				w.follows(last, p.White.TicketID, e.Type, schemas.MatchFound)
				w.follows(last, p.Black.TicketID, e.Type, schemas.MatchFound)
			case *schemas.MatchFailedPayload:
				w.follows(last, p.White.TicketID, e.Type, schemas.MatchFound)
				w.follows(last, p.Black.TicketID, e.Type, schemas.MatchFound)
			}
		}
	}
}

func (w *world) follows(last map[string]schemas.EventType, ticket string, now schemas.EventType, before ...schemas.EventType) {
	if !slices.Contains(before, last[ticket]) {
		w.t.Fatalf("ticket %s: %s after %q", ticket, now, last[ticket])
	}
	last[ticket] = now
}
