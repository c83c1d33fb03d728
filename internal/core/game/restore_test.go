package game

import (
	"math/rand/v2"
	"testing"

	"tabiya/schemas"
)

// pulsesUntil lets time pass on a healthy platform.
func (g *harness) pulsesUntil(at schemas.Time) {
	for g.at+1000 < at {
		g.at += 1000
		g.pulse()
	}
	g.at = at
}

// outage lets time pass in which the partition has no owner.
func (g *harness) outage(length schemas.Time) {
	g.at += length
	g.pulse()
}

func lastMove(t *testing.T, events []schemas.Event) schemas.Clock {
	t.Helper()
	return events[len(events)-1].Payload.(*schemas.MoveMadePayload).Clock
}

func newGameWithPulses(t *testing.T, moves string) *harness {
	t.Helper()
	g := newGame(t)
	g.pulse()
	for range 2 {
		g.at += 500
		g.pulse()
	}
	g.playAll(moves)
	g.pulse()
	return g
}

func TestOutageCostsTheMoverNothing(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	black := g.state.Clock.Black
	g.pulsesUntil(g.at + 5000)
	g.at = g.pulses.Last()
	g.outage(60_000)
	g.pulsesUntil(g.at + 12_000)
	events := g.play("b8c6")
	if events[0].Type != schemas.TimeRestored || len(events) != 2 {
		t.Fatalf("%+v", events)
	}
	restored := events[0].Payload.(*schemas.TimeRestoredPayload)
	if restored.Color != schemas.Black || restored.RestoredCs != 7000 {
		t.Fatalf("%+v, want 60 s of outage and 10 s to come back", restored)
	}
	clock := lastMove(t, events)
	if clock.RestoredCs != 7000 || clock.ChargedCs > 800 || clock.BlackCs < black-800 {
		t.Fatalf("%+v", clock)
	}
	g.checkHistory()
}

func TestMoveWrittenDuringOutageStartsNoClock(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.at = g.pulses.Last() + 20_000 // no pulse since: Black's move waits in the log
	first := g.play("b8c6")
	if clock := lastMove(t, first); clock.ChargedCs > 100 || clock.RestoredCs < 1990 {
		t.Fatalf("%+v", clock)
	}
	g.outage(30_000)
	g.pulsesUntil(g.at + 11_000)
	if clock := lastMove(t, g.play("f1c4")); clock.ChargedCs > 210 || clock.RestoredCs != 4000 {
		t.Fatalf("%+v, want the 30 s since the move and 10 s", clock)
	}
}

func TestNoFlagFallsBecauseOfAnOutage(t *testing.T) {
	t.Parallel()
	for _, moves := range []string{"", "e2e4", "e2e4 e7e5 g1f3"} {
		g := newGameWithPulses(t, moves)
		flag := g.state.FlagAt()
		g.pulsesUntil(flag - 2000)
		g.at = g.pulses.Last() + 500_000
		if events := g.checkFlag(); len(events) != 0 {
			t.Fatalf("after %q, while nobody could move: %+v", moves, events)
		}
		g.pulse()
		g.at += 500
		if events := g.checkFlag(); len(events) != 0 {
			t.Fatalf("after %q, while players come back: %+v", moves, events)
		}
		g.pulsesUntil(g.at + 9600)
		if events := g.checkFlag(); len(events) != 1 || events[0].Type != schemas.TimeRestored {
			t.Fatalf("after %q: %+v", moves, events)
		}
		if left := g.state.FlagAt() - g.at; left <= 0 || left > 3000 {
			t.Fatalf("after %q the flag falls in %d ms", moves, left)
		}
		g.pulsesUntil(g.state.FlagAt())
		if events := g.checkFlag(); len(events) != 1 || !events[0].Type.Terminal() {
			t.Fatalf("after %q the flag never falls: %+v", moves, events)
		}
		g.checkHistory()
	}
}

func TestFlagThatFellBeforeTheOutageHasFallen(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.pulsesUntil(g.state.FlagAt() + 10)
	g.pulse()
	g.outage(60_000)
	g.pulsesUntil(g.at + 11_000)
	end(t, g, g.checkFlag()[1:], schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
}

func TestRefusedCommandRestoresNothing(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.outage(60_000)
	seq := g.state.Seq
	g.refused(g.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e8e5"}), schemas.CodeIllegalMove)
	if g.state.Seq != seq {
		t.Fatalf("%+v", g.events[seq:])
	}
}

func TestNoClaimBecauseOfAnOutage(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.must(g.command(schemas.MarkGone, schemas.ActorSystem, &schemas.MarkGonePayload{Color: schemas.Black}))
	claim := func() schemas.Command {
		gone := g.state.GoneSince(schemas.Black)
		return g.command(schemas.ClaimVanished, whiteID, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: gone})
	}
	g.at += 100_000 // both wait in the log
	g.refused(claim(), schemas.CodeTooEarlyToClaim)
	g.pulse()
	g.pulsesUntil(g.at + 48_000)
	g.refused(claim(), schemas.CodeTooEarlyToClaim)
	g.pulsesUntil(g.at + 3_000)
	if events := g.must(claim()); events[len(events)-1].Type != schemas.GameEnded {
		t.Fatalf("%+v", events)
	}
}

// TestNoOrderOfPulsesMakesAClockGrow plays the same commands at the same times with
// pulses anywhere: a clock never has more than it began with, its increments and what
// was added, and a side is never restored more than has passed.
func TestNoOrderOfPulsesMakesAClockGrow(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		g := newGame(t)
		for range 120 {
			g.at += schemas.Time(r.IntN(6000))
			for range r.IntN(4) { // also of stale owners, twice, or at a clock that stepped back
				now := g.at
				g.at += schemas.Time(r.IntN(8000) - 4000)
				g.pulse()
				g.at = now
			}
			if g.state.Over() {
				break
			}
			before, cmd := g.state, randomCommand(g, r)
			events, _ := g.send(cmd)
			allowed := map[schemas.Color]int64{schemas.White: before.Clock.White, schemas.Black: before.Clock.Black}
			for _, ev := range events {
				switch p := ev.Payload.(type) {
				case *schemas.MoveMadePayload:
					allowed[p.Color] += blitz.IncrementCs
				case *schemas.TimeAddedPayload:
					allowed[p.Color] += p.AddedCs
				case *schemas.TakebackAcceptedPayload:
					allowed[schemas.White], allowed[schemas.Black] = 1<<40, 1<<40
				}
			}
			if c := g.state.Clock; c.White > allowed[schemas.White] || c.Black > allowed[schemas.Black] {
				t.Fatalf("seed %d: %+v after %+v, allowed %v", seed, c, before.Clock, allowed)
			}
			if c := g.state.Clock; !g.state.Over() && c.Restored > max(0, g.at.Centis()-c.Since.Centis()) {
				t.Fatalf("seed %d: %d cs restored in %d", seed, c.Restored, g.at.Centis()-c.Since.Centis())
			}
		}
		g.checkHistory()
	}
}

func (g *harness) waitingGame(t *testing.T) {
	t.Helper()
	g.outage(11 * 60_000)
	g.pulsesUntil(g.at + 11_000)
	events := g.checkFlag()
	if len(events) != 1 || !events[0].Payload.(*schemas.TimeRestoredPayload).Waiting || !g.state.Waiting() {
		t.Fatalf("%+v", events)
	}
	if again := g.checkFlag(); len(again) != 0 {
		t.Fatalf("a second timer: %+v", again)
	}
}

func TestGameWaitsForBothPlayersAfterALongOutage(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.waitingGame(t)
	black := g.state.Clock.Black
	g.pulsesUntil(g.at + 60_000)
	g.must(g.present(schemas.White))
	g.refused(g.claim(whiteID, schemas.ClaimWin), schemas.CodeTooEarlyToClaim)
	g.pulsesUntil(g.at + 60_000)
	if events := g.must(g.present(schemas.Black)); len(events) != 2 || events[0].Type != schemas.TimeRestored || g.state.Waiting() {
		t.Fatalf("%+v", events)
	}
	g.pulsesUntil(g.at + 7_000)
	clock := lastMove(t, g.play("b8c6"))
	if clock.BlackCs < black-2000+blitz.IncrementCs || clock.ChargedCs < 790 || clock.ChargedCs > 2000 {
		t.Fatalf("%+v, want the 8 s since both came, and those between the last move and the outage", clock)
	}
	g.checkHistory()
}

func TestMoveCountsAsReturnAfterALongOutage(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.waitingGame(t)
	g.play("b8c6")
	g.pulsesUntil(g.at + 200_000)
	if !g.state.Waiting() || len(g.checkFlag()) != 0 {
		t.Fatal("White has not come yet")
	}
	if clock := lastMove(t, g.play("f1c4")); clock.ChargedCs != 0 || g.state.Waiting() {
		t.Fatalf("%+v", clock)
	}
	g.checkHistory()
}

func TestGameIsAbortedIfNotBothPlayersComeAfterALongOutage(t *testing.T) {
	t.Parallel()
	g := newGameWithPulses(t, "e2e4 e7e5 g1f3")
	g.waitingGame(t)
	g.must(g.present(schemas.White))
	g.pulsesUntil(g.state.FlagAt() - 1)
	if events := g.checkFlag(); len(events) != 0 {
		t.Fatalf("%+v", events)
	}
	g.outage(20_000) // does not count
	g.pulsesUntil(g.at + 10_500)
	if events := g.checkFlag(); len(events) != 0 {
		t.Fatalf("%+v", events)
	}
	g.pulsesUntil(g.at + 21_000)
	events := g.checkFlag()
	over := end(t, g, events[len(events)-1:], schemas.GameAborted, schemas.NoResult, schemas.LongOutage)
	if over.CountsForRatings() {
		t.Fatal("the game counts for the ratings")
	}
	g.checkHistory()
}
