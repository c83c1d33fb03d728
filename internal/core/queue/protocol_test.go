package queue_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/schemas"
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

// client sends a random command of a player or their app.
func (w *world) client() {
	who := w.players[w.rng.IntN(len(w.players))]
	cmd := schemas.Command{ID: w.id(), Key: who, Region: "eu", Actor: who}
	switch r := w.rng.IntN(10); {
	case r < 5:
		cmd.Type, cmd.Payload = schemas.JoinQueue, &schemas.JoinQueuePayload{Queue: w.queues[w.rng.IntN(len(w.queues))], Holder: w.instance()}
	case r < 7:
		cmd.Type = schemas.LeaveQueue
	case r < 9 && len(w.recent) > 0:
		cmd = w.recent[len(w.recent)-1-w.rng.IntN(min(20, len(w.recent)))].cmd
	case w.rng.IntN(30) == 0:
		cmd.Type, cmd.Actor = schemas.ClosePlayer, schemas.ActorService
	default:
		return
	}
	w.send(cmd)
}

// instance returns an instance of the service or, one time in three, none.
func (w *world) instance() string {
	if n := w.rng.IntN(3); n > 0 {
		return schemas.DerivedID("instance", "test", int64(n))
	}
	return ""
}

// lease lets an instance hear of a player who waits, or not any more, or fall silent. It
// need not be one that holds anything.
func (w *world) lease() {
	key := w.queues[w.rng.IntN(len(w.queues))]
	row := w.core.row(key, w.node(w.partitionOf(schemas.QueueCommands, key)).rows[key])
	holder := w.instance()
	if row == nil || len(row.Waiting) == 0 || holder == "" {
		return
	}
	ticket := row.Waiting[w.rng.IntN(len(row.Waiting))].TicketID.String()
	cmd := schemas.Command{ID: w.id(), Type: schemas.HoldTicket, Key: key, Region: "eu", Actor: schemas.ActorSystem, Payload: &schemas.HoldTicketPayload{TicketID: ticket, Holder: holder}}
	switch w.rng.IntN(6) {
	case 0, 1:
		cmd.Type = schemas.LapseTicket
	case 2:
		cmd.Type, cmd.Payload = schemas.EndLeases, &schemas.EndLeasesPayload{Holders: []string{holder}}
	}
	w.append(cmd)
}

// rematch lets the players of about one in n finished games agree on a rematch.
func (w *world) rematch(n int) {
	for _, g := range w.nodes[schemas.GameCommands] {
		for _, key := range slices.Sorted(maps.Keys(g.rows)) {
			if row := gameOf(g.rows[key]); row.Status == "over" && !row.NoShow && row.Rematch == "" && w.rng.IntN(n) == 0 {
				w.append(schemas.Command{ID: schemas.DerivedID(key, "accept", 1), Type: schemas.AcceptRematch, Key: key, Region: "eu", Actor: schemas.ActorSystem})
			}
		}
	}
}

// resign ends about one in n running games.
func (w *world) resign(n int) {
	for _, g := range w.nodes[schemas.GameCommands] {
		for _, key := range slices.Sorted(maps.Keys(g.rows)) {
			if gameOf(g.rows[key]).Status == "live" && w.rng.IntN(n) == 0 {
				cmd := schemas.Command{ID: schemas.DerivedID(key, "resign", 1), Type: schemas.Resign, Key: key, Region: "eu", Actor: schemas.ActorSystem}
				if n > 1 && w.rng.IntN(4) == 0 {
					cmd.Type, cmd.Payload = schemas.CheckFlag, &schemas.CheckFlagPayload{}
				}
				w.append(cmd)
			}
		}
	}
}

func (w *world) step(crashes bool) {
	switch r := w.rng.IntN(200); {
	case r < 14:
		w.client()
	case r < 16:
		w.lease()
	case r < 90:
		w.process(pick(w.rng, w.all, func(n *node) bool { return n.position < int64(len(n.log)) }))
	case r < 180:
		w.deliver(pick(w.rng, w.links, func(l *link) bool { return len(l.parcels) > 0 && (!w.slow[l.to] || w.rng.IntN(8) == 0) }))
	case r < 184:
		w.all[w.rng.IntN(len(w.all))].commit()
	case r < 189:
		w.clock += schemas.Time(w.rng.IntN(3000))
	case r < 193:
		w.timers()
	case r < 196:
		w.clock += 11_000
		w.timers()
		w.evict()
	case r < 198:
		w.resign(2)
		w.rematch(3)
	case crashes:
		w.crash(w.all[w.rng.IntN(len(w.all))], w.rng.IntN(3) == 0)
	}
	w.tidy()
}

// pick returns a random element that fits, or the zero value.
func pick[E any](rng *rand.Rand, from []E, fits func(E) bool) (e E) {
	seen := 0
	for _, candidate := range from {
		if fits(candidate) {
			if seen++; rng.IntN(seen) == 0 {
				e = candidate
			}
		}
	}
	return e
}

// tidy drops empty links of stale owners.
func (w *world) tidy() {
	if len(w.links) > 200 {
		w.links = slices.DeleteFunc(w.links, func(l *link) bool { return l.stale && len(l.parcels) == 0 })
	}
}

// drain delivers everything, advances time and ends games until nothing changes.
func (w *world) drain() {
	for quiet := 0; quiet < 6; { // longer than a ticket stays dormant
		moved := false
		for again := true; again; {
			again = false
			for _, l := range w.links {
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

func (w *world) registerAll() {
	for i, who := range w.players {
		w.send(schemas.Command{
			ID: w.id(), Type: schemas.RegisterPlayer, Key: who, Region: "eu", Actor: schemas.ActorService,
			Payload: &schemas.RegisterPlayerPayload{Handle: fmt.Sprint("player-", i)},
		})
	}
	w.drain()
}

// In any order of arrival, with crashes and stale owners: a player is never in two
// queues or two games, whether a queue paired them or they agreed on a rematch, no seat is stuck, no ticket is lost, repeated events have equal
// bytes, and every command is answered.
func TestSeatsAndTicketsAgreeUnderAnySchedule(t *testing.T) {
	t.Parallel()
	for _, recordsAbort := range []bool{false, true} {
		for _, crashes := range []bool{false, true} {
			t.Run(fmt.Sprintf("crashes=%t,aborted match recorded=%t", crashes, recordsAbort), func(t *testing.T) {
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
					w.rematch(1)
					w.drain()
					w.checkDrained()
					w.games(func(_ string, g gameRow) {
						count[fmt.Sprint(g.Status, " failed=", g.Failed)]++
						if g.NoShow {
							count["no-show"]++
						}
						if g.Rematch != "" {
							count[fmt.Sprint("rematch failed=", g.NoRematch)]++
						}
					})
				}
				for _, kind := range []string{"over failed=false", "over failed=true", "rematch failed=false", "rematch failed=true", "no-show"} {
					if count[kind] < schedules/5 {
						t.Fatalf("%d schedules had only %d games that are %s: too few to prove anything", schedules, count[kind], kind)
					}
				}
				t.Log(count)
			})
		}
	}
}

const schedules = 15
