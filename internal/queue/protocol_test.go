package queue_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tabiya/internal/player"
	"tabiya/schemas"
	"tabiya/tables"
)

func (w *world) id() string {
	w.ids++
	return schemas.DerivedID("client", "test", w.ids)
}

func (w *world) send(cmd schemas.Command) {
	w.sent[cmd.ID]++
	w.recent = append(w.recent, logged{cmd, w.clock})
	w.append(cmd)
}

// client does something that a player, or his app, may do.
func (w *world) client() {
	who := w.players[w.rng.IntN(len(w.players))]
	cmd := schemas.Command{ID: w.id(), Key: who, Region: "eu", Actor: who}
	switch r := w.rng.IntN(10); {
	case r < 5:
		cmd.Type, cmd.Payload = schemas.JoinQueue, &schemas.JoinQueuePayload{Queue: w.queues[w.rng.IntN(len(w.queues))]}
	case r < 7:
		cmd.Type = schemas.LeaveQueue
	case r < 9 && len(w.recent) > 0:
		cmd = w.recent[len(w.recent)-1-w.rng.IntN(min(20, len(w.recent)))].cmd
	default:
		return
	}
	w.send(cmd)
}

// resign ends about one in n of the games that run.
func (w *world) resign(n int) {
	for _, g := range w.nodes[schemas.GameCommands] {
		for _, key := range slices.Sorted(maps.Keys(g.rows)) {
			if gameOf(g.rows[key]).Status == "live" && w.rng.IntN(n) == 0 {
				w.append(schemas.Command{ID: schemas.DerivedID(key, "resign", 1), Type: schemas.Resign, Key: key, Region: "eu", Actor: schemas.ActorSystem})
			}
		}
	}
}

func (w *world) step(crashes bool) {
	switch r := w.rng.IntN(200); {
	case r < 14:
		w.client()
	case r < 90:
		w.process(pick(w.rng, w.all, func(n *node) bool { return n.position < int64(len(n.log)) }))
	case r < 180:
		w.deliver(pick(w.rng, w.lanes, func(l *lane) bool { return len(l.parcels) > 0 && (!w.slow[l.to] || w.rng.IntN(8) == 0) }))
	case r < 184:
		w.all[w.rng.IntN(len(w.all))].commit()
	case r < 189:
		w.clock += schemas.Time(w.rng.IntN(1500))
	case r < 194:
		w.timers()
	case r < 196:
		w.clock += 11_000
		w.timers()
	case r < 198:
		w.resign(2)
	case crashes:
		w.crash(w.all[w.rng.IntN(len(w.all))], w.rng.IntN(3) == 0)
	}
	w.tidy()
}

// pick takes one of those that are fit, or the zero value.
func pick[E any](rng *rand.Rand, from []E, fit func(E) bool) (e E) {
	seen := 0
	for _, candidate := range from {
		if fit(candidate) {
			if seen++; rng.IntN(seen) == 0 {
				e = candidate
			}
		}
	}
	return e
}

// tidy forgets stale lanes that are empty.
func (w *world) tidy() {
	if len(w.lanes) > 200 {
		w.lanes = slices.DeleteFunc(w.lanes, func(l *lane) bool { return l.stale && len(l.parcels) == 0 })
	}
}

// drain lets all arrive, time pass and every game end, until nothing moves.
func (w *world) drain() {
	for quiet := 0; quiet < 3; {
		moved := false
		for again := true; again; {
			again = false
			for _, l := range w.lanes {
				for w.deliver(l) {
					again = true
				}
			}
			for _, n := range w.all {
				for w.process(n) {
					again = true
				}
				n.commit()
			}
			moved = moved || again
		}
		w.check()
		before := w.logLength()
		w.resign(1)
		w.clock += 2_000
		w.timers()
		if moved || w.logLength() != before {
			quiet = 0
		} else {
			quiet++
		}
	}
}

func (w *world) logLength() (n int) {
	for _, node := range w.all {
		n += len(node.log)
	}
	return n
}

// check holds at every moment: a player has one ticket that can be paired or
// one game whose match has not failed, never two of them in all.
func (w *world) check() {
	for _, n := range w.all {
		if n.recovering() {
			return // its rows are from before what it has already said
		}
	}
	holds := map[string][]string{}
	for _, n := range w.nodes[schemas.QueueCommands] {
		for key, raw := range n.rows {
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
	for _, n := range w.nodes[schemas.GameCommands] {
		for key, raw := range n.rows {
			if g := gameOf(raw); g.Status == "live" && !w.failed[key] {
				for _, s := range []schemas.Seated{g.Game.White, g.Game.Black} {
					holds[s.PlayerID] = append(holds[s.PlayerID], "game "+key)
				}
			}
		}
	}
	for who, what := range holds {
		if len(what) > 1 {
			w.t.Fatalf("player %s has %v", who, what)
		}
	}
}

func (w *world) player(id string) *player.State {
	return playerCore{tables.Players()}.row(id, w.node(w.at(schemas.PlayerCommands, id)).rows[id])
}

func (w *world) seat(id string) player.Seat {
	if s := w.player(id); s != nil {
		return s.Seat
	}
	return player.Seat{}
}

// checkDrained holds once nothing moves any more.
func (w *world) checkDrained() {
	waiting := map[string]string{} // ticket to player
	for _, n := range w.nodes[schemas.QueueCommands] {
		for key, raw := range n.rows {
			s := w.core.row(key, raw)
			if len(s.Matches) > 0 {
				w.t.Fatalf("queue %s still has matches: %+v", key, s.Matches)
			}
			if len(s.Waiting) > 1 {
				w.t.Fatalf("queue %s leaves %d tickets waiting beside each other", key, len(s.Waiting))
			}
			for _, t := range s.Waiting {
				if t.Returning {
					w.t.Fatalf("ticket %s is returning for ever", t.TicketID)
				}
				waiting[t.TicketID.String()] = t.PlayerID.String()
			}
		}
	}
	for _, who := range w.players {
		switch seat := w.seat(who); seat.Status {
		case player.Playing:
			w.t.Fatalf("player %s sits in game %s for ever", who, seat.GameID)
		case player.Queued:
			if waiting[seat.TicketID] != who {
				w.t.Fatalf("player %s waits for ever with ticket %s, which no queue has", who, seat.TicketID)
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
	for id, n := range w.sent {
		if n == 1 && w.accepted[id] && w.refused[id] != "" {
			w.t.Fatalf("command %s was accepted and refused (%s)", id, w.refused[id])
		}
		if !w.answered[id] {
			w.dump(id)
			w.t.Fatalf("command %s was never answered", id)
		}
	}
}

// checkEvents: numbers without gaps, each game rated once for each player.
func (w *world) checkEvents() {
	rated := map[string]int{}
	for key, bySeq := range w.events {
		for seq := int64(1); seq <= int64(len(bySeq)); seq++ {
			if bySeq[seq] == nil {
				w.t.Fatalf("%s has %d events but none with number %d", key, len(bySeq), seq)
			}
			if e, err := schemas.DecodeEvent(bySeq[seq]); err == nil && e.Type == schemas.PlayerRated {
				rated[e.Payload.(*schemas.PlayerRatedPayload).GameID+key]++
			}
		}
	}
	for _, n := range w.nodes[schemas.GameCommands] {
		for key, raw := range n.rows {
			g := gameOf(raw)
			want := 0
			if g.Status == "over" && !g.Failed {
				want = 1
			}
			for _, s := range []schemas.Seated{g.Game.White, g.Game.Black} {
				if g.Status == "over" && rated[key+s.PlayerID] != want {
					w.t.Fatalf("game %s rated player %s %d times, not %d", key, s.PlayerID, rated[key+s.PlayerID], want)
				}
			}
		}
	}
}

// checkTickets: a ticket that waited was matched in the end, left, or waits still.
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

func (w *world) registerAll() {
	for i, who := range w.players {
		w.send(schemas.Command{
			ID: w.id(), Type: schemas.RegisterPlayer, Key: who, Region: "eu", Actor: schemas.ActorService,
			Payload: &schemas.RegisterPlayerPayload{Handle: fmt.Sprint("player-", i)},
		})
	}
	w.drain()
}

// In any order of arrival, with crashes and stale owners, a player never sits in
// two queues or two games, no seat is stuck, no ticket is lost, every event is
// said in the same words and every command is answered.
func TestSeatsAndTicketsAgreeUnderAnySchedule(t *testing.T) {
	t.Parallel()
	for _, recordsAbort := range []bool{false, true} {
		for _, crashes := range []bool{false, true} {
			t.Run(fmt.Sprintf("crashes=%t,an aborted match is recorded=%t", crashes, recordsAbort), func(t *testing.T) {
				t.Parallel()
				count := map[string]int{}
				for seed := range uint64(schedules) {
					w := newWorld(t, seed, recordsAbort)
					w.registerAll()
					for i := range 1500 {
						w.step(crashes)
						if i%5 == 0 {
							w.check()
						}
					}
					w.drain()
					w.checkDrained()
					for _, n := range w.nodes[schemas.GameCommands] {
						for _, raw := range n.rows {
							g := gameOf(raw)
							count[fmt.Sprint(g.Status, " failed=", g.Failed)]++
						}
					}
				}
				for _, kind := range []string{"over failed=false", "over failed=true"} {
					if count[kind] < schedules/5 {
						t.Fatalf("%d schedules had only %d games that are %s: they prove too little", schedules, count[kind], kind)
					}
				}
				t.Log(count)
			})
		}
	}
}

const schedules = 25

func (w *world) dump(id string) {
	who := ""
	for _, l := range w.recent {
		if l.cmd.ID == id {
			who = l.cmd.Key
		}
	}
	for _, n := range w.all {
		for i, l := range n.log {
			raw := string(l.cmd.Record().Value)
			if strings.Contains(raw, who) || l.cmd.ID == id {
				fmt.Println(n.place, i, raw)
			}
		}
	}
}
