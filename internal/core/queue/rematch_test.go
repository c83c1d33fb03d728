package queue_test

import (
	"fmt"
	"testing"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// run processes and delivers in turns until nothing is left to do, or until steps
// commands and messages were handled. It returns how many were.
func (w *world) run(steps int) (done int) {
	for moved := true; moved; {
		moved = false
		for _, n := range w.all {
			if done < steps && w.process(n) {
				done, moved = done+1, true
			}
		}
		for _, l := range w.links {
			if done < steps && w.deliver(l) {
				done, moved = done+1, true
			}
		}
	}
	return done
}

// finishedGame plays a game between the first two players and returns its id.
func (w *world) finishedGame() (id string) {
	for _, who := range w.players[:2] {
		w.send(schemas.Command{ID: w.id(), Type: schemas.JoinQueue, Key: who, Region: "eu", Actor: who, Payload: &schemas.JoinQueuePayload{Queue: w.queues[0]}})
	}
	w.drain()
	w.games(func(key string, g gameRow) {
		if g.Status == "over" {
			id = key
		}
	})
	return id
}

// What each of the six owners of a partition had sent is lost, or arrives beside what its
// successor sends, between every two steps of the saga.
func TestRematchSurvivesCrashBetweenEveryTwoSteps(t *testing.T) {
	t.Parallel()
	const enough = 1 << 20
	for _, taken := range []bool{false, true} {
		rehearsal := 0
		for step := 0; step == 0 || step <= rehearsal; step++ {
			for owner := range 6 {
				for _, stale := range []bool{false, true} {
					w := newWorld(t, uint64(step), false)
					w.registerAll()
					first := w.finishedGame()
					if taken { // one of them waits elsewhere
						who := w.players[1]
						w.send(schemas.Command{ID: w.id(), Type: schemas.JoinQueue, Key: who, Region: "eu", Actor: who, Payload: &schemas.JoinQueuePayload{Queue: w.queues[1]}})
						w.run(enough)
					}
					w.append(schemas.Command{ID: w.id(), Type: schemas.AcceptRematch, Key: first, Region: "eu", Actor: schemas.ActorSystem})
					if step == 0 {
						rehearsal = w.run(enough)
					} else {
						w.run(step)
						w.crash(w.all[owner], stale)
						w.run(enough)
					}
					w.check()
					w.wantRematch(first, taken, fmt.Sprintf("taken=%t, step %d, owner %d, stale=%t", taken, step, owner, stale))
					w.drain()
					w.checkDrained()
				}
			}
		}
		if rehearsal < 10 {
			t.Fatalf("the saga has %d steps: too few to prove anything", rehearsal)
		}
		t.Logf("taken=%t: %d steps", taken, rehearsal)
	}
}

// wantRematch checks that both players play the rematch of a game or, if a seat is taken,
// that they were told of it and have kept what they had.
func (w *world) wantRematch(first string, taken bool, when string) {
	games := map[string]gameRow{}
	w.games(func(key string, g gameRow) { games[key] = g })
	g := games[first]
	if taken {
		waits, idle := w.seat(w.players[1]), w.seat(w.players[0])
		if !g.NoRematch || games[g.Rematch].Status != "" || waits.Queue != w.queues[1] || idle.Status != player.Idle {
			w.t.Fatalf("%s: %+v, %+v, %+v", when, g, waits, idle)
		}
		return
	}
	if g.NoRematch || games[g.Rematch].Status != "live" {
		w.t.Fatalf("%s: the rematch of %+v is %+v", when, g, games[g.Rematch])
	}
	for _, who := range w.players[:2] {
		if seat := w.seat(who); seat.Status != player.Playing || seat.GameID != g.Rematch {
			w.t.Fatalf("%s: player %s has the seat %+v", when, who, seat)
		}
	}
}
