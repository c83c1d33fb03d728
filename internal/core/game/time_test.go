package game

import (
	"testing"

	"tabiya/schemas"
)

func (g *harness) checkFlag() []schemas.Event {
	g.t.Helper()
	return g.must(g.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{Ply: g.state.Plies}))
}

func TestFlagFallsNotBeforeDeadlineAndGrace(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	deadline := g.state.Deadline()
	if move := g.events[len(g.events)-1].Payload.(*schemas.MoveMadePayload); move.DeadlineAt != deadline {
		t.Fatalf("the event says %v, the state %v", move.DeadlineAt, deadline)
	}
	if g.state.FlagAt() != deadline+2000 { // the grace of a bank that holds 3 s
		t.Fatalf("the flag falls at %v", g.state.FlagAt())
	}
	g.at = g.state.FlagAt() - 1
	if events := g.checkFlag(); len(events) != 0 {
		t.Fatal("an early timer ended the game")
	}
	g.at++
	over := end(t, g, g.checkFlag(), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
	if over.Plies != 3 || g.state.Clock.Black != 0 {
		t.Fatalf("%+v", g.state.Clock)
	}
	if _, r := g.send(g.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{})); r == nil || r.Code != schemas.CodeGameOver {
		t.Fatalf("a late timer: %+v", r)
	}
}

func TestLateCommandEndsGameOnTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		command schemas.CommandType
		payload any
		actor   string
	}{
		{"move", schemas.PlayMove, &schemas.PlayMovePayload{UCI: "e7e5"}, blackID},
		{"illegal move", schemas.PlayMove, &schemas.PlayMovePayload{UCI: "e7e2"}, blackID},
		{"resignation of the winner", schemas.Resign, nil, whiteID},
		{"draw offer", schemas.OfferDraw, nil, blackID},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGame(t)
			g.playAll("e2e4 e7e6 g1f3")
			g.at = g.state.FlagAt()
			cmd := g.command(c.command, c.actor, c.payload)
			events := g.must(cmd)
			if events[0].CommandID != cmd.ID {
				t.Fatal("the event has another command ID")
			}
			end(t, g, events, schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
			if _, r := g.send(cmd); r == nil || r.Seq != events[0].Seq {
				t.Fatalf("sent again: %+v", r)
			}
		})
	}
	t.Run("a move out of turn is still refused", func(t *testing.T) {
		t.Parallel()
		g := newGame(t)
		g.playAll("e2e4 e7e6 g1f3")
		g.at = g.state.FlagAt()
		g.refused(g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "d2d4"}), schemas.CodeNotYourTurn)
		g.refused(g.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "d7"}), schemas.CodeMalformedMove)
		g.refused(g.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "d7d5", Ply: 9}), schemas.CodeWrongPly)
	})
}

func TestTimeoutIsDrawIfOpponentCannotMateOrOfferedDraw(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	s := *g.state
	s.FEN, s.Plies = "8/8/4k2p/8/8/4K3/8/8 b - - 0 60", 119
	_, events, _ := Decide(&s, g.command(schemas.CheckFlag, schemas.ActorSystem, &schemas.CheckFlagPayload{}), s.FlagAt())
	if over := events[0].Payload.(*schemas.GameOver); events[0].Type != schemas.GameTimeout || over.Result != schemas.Draw || over.Termination != schemas.TimeVsInsufficient {
		t.Fatalf("%+v", over)
	}
	g.must(g.command(schemas.OfferDraw, whiteID, nil))
	g.at = g.state.FlagAt()
	end(t, g, g.checkFlag(), schemas.GameTimeout, schemas.Draw, schemas.Agreement)

	g = newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	g.must(g.command(schemas.OfferDraw, blackID, nil)) // does not help the offerer
	g.at = g.state.FlagAt()
	end(t, g, g.checkFlag(), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
}

func TestFirstMoveExpiry(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	if by := g.events[1].Payload.(*schemas.GameStartedPayload).FirstMoveBy; by != epoch+25_000 || g.state.Deadline() != by {
		t.Fatalf("first move by %v", by)
	}
	g.at = g.state.FlagAt()
	end(t, g, g.checkFlag(), schemas.GameAborted, schemas.NoResult, schemas.FirstMoveExpired)

	g = newGame(t)
	g.play("e2e4")
	g.at = g.state.FlagAt()
	cmd := g.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "e7e5"})
	end(t, g, g.must(cmd), schemas.GameAborted, schemas.NoResult, schemas.FirstMoveExpired)
	if _, r := g.send(cmd); r == nil || r.Seq != 4 {
		t.Fatalf("sent again: %+v", r)
	}
}

func TestClocksAddUpOverAWholeGame(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5a4 g8f6")
	var charged int64
	for _, ev := range g.events[2:] {
		charged += ev.Payload.(*schemas.MoveMadePayload).Clock.ChargedCs
	}
	first, last := g.events[3].OccurredAt, g.events[len(g.events)-1].OccurredAt
	if charged != last.Centis()-first.Centis() {
		t.Errorf("charged %d of %d", charged, last.Centis()-first.Centis())
	}
	if left := g.state.Clock.White + g.state.Clock.Black; left != 2*blitz.InitialCs-charged+6*blitz.IncrementCs {
		t.Errorf("%d left", left)
	}
}
