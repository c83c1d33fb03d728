package game

import (
	"reflect"
	"testing"
	"time"

	"tabiya/schemas"
)

func over(t *testing.T, p *schemas.CreateGamePayload) *harness {
	g := newGameOf(t, p)
	g.must(g.command(schemas.Resign, whiteID, nil))
	g.at += 5000
	return g
}

func TestRematchIsSameGameWithColoursReversed(t *testing.T) {
	t.Parallel()
	p := createPayload()
	p.FEN, p.Private = rookEndgame, true
	g := over(t, p)
	ended := g.state.EndedAt()
	g.must(g.command(schemas.OfferRematch, blackID, nil))
	if g.state.RematchOffer != schemas.Black || g.state.Rematch() != "" {
		t.Fatalf("%+v", g.state)
	}
	accept := g.command(schemas.AcceptRematch, whiteID, nil)
	ev := g.must(accept)[0]
	accepted := ev.Payload.(*schemas.RematchAcceptedPayload)
	if accepted.Color != schemas.White || accepted.GameID != schemas.DerivedID(gameID, "rematch", ev.Seq) || g.state.Rematch() != accepted.GameID {
		t.Fatalf("%+v, %s", accepted, g.state.Rematch())
	}
	if g.state.EndedAt() != ended || g.state.UpdatedAt != g.at {
		t.Fatal("a rematch offer changed when the game ended")
	}
	commands := Consequences(recode(t, g.state), ev)
	want := schemas.NamedGame{
		GameID: accepted.GameID, WhiteID: blackID, BlackID: whiteID, TimeControl: blitz, Rated: true, FEN: rookEndgame, Private: true,
		RematchOf: gameID, Deadline: g.at.Add(schemas.RematchWithin),
	}
	for i, color := range []schemas.Color{schemas.White, schemas.Black} {
		c := commands[i]
		if p, ok := c.Payload.(*schemas.TakeSeatPayload); !ok || c.Key != want.PlayerID(color) || c.Actor != schemas.ActorSystem || p.Color != color || p.Game != want {
			t.Fatalf("%+v, want the seat of %s in %+v", c, color, want)
		}
	}
	if again := Consequences(g.state, throughWire(t, ev)); len(commands) != 2 || !reflect.DeepEqual(again, commands) {
		t.Fatal("the commands depend on the state")
	}
	if _, r := g.send(accept); r == nil || r.Seq != ev.Seq {
		t.Fatalf("sent again: %+v", r)
	}
	for _, c := range []schemas.CommandType{schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch} {
		g.refused(g.command(c, blackID, nil), schemas.CodeRematchAccepted)
	}
	g.checkHistory()
}

func TestRematchOffers(t *testing.T) {
	t.Parallel()
	g := over(t, createPayload())
	offer := func(who string) schemas.Command { return g.command(schemas.OfferRematch, who, nil) }
	g.refused(g.command(schemas.AcceptRematch, whiteID, nil), schemas.CodeNoRematchOffer)
	g.refused(g.command(schemas.DeclineRematch, whiteID, nil), schemas.CodeNoRematchOffer)
	g.refused(offer("somebody"), schemas.CodeNotAPlayer)
	g.refused(offer(schemas.ActorSystem), schemas.CodeNotAPlayer)
	g.must(offer(whiteID))
	g.refused(offer(whiteID), schemas.CodeRematchOffered)
	g.refused(g.command(schemas.AcceptRematch, whiteID, nil), schemas.CodeNoRematchOffer)
	g.must(g.command(schemas.DeclineRematch, blackID, nil))
	g.refused(offer(whiteID), schemas.CodeRematchOffered)
	g.must(offer(blackID))
	// A counter-offer accepts, even from a player who may not offer any more.
	cmd := offer(whiteID)
	if ev := g.must(cmd)[0]; ev.Type != schemas.RematchAccepted {
		t.Fatal(ev.Type)
	}
	if _, r := g.send(cmd); r == nil || r.Seq != g.state.Seq {
		t.Fatalf("sent again: %+v", r)
	}
	g.checkHistory()
}

func TestFailedRematchIsToldOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reason schemas.SeatRefusal
		whose  string
		color  schemas.Color
	}{
		{schemas.SeatTaken, blackID, schemas.Black}, {schemas.AccountClosed, whiteID, schemas.White}, {schemas.NoAnswer, "", ""},
	} {
		g := over(t, createPayload())
		g.must(g.command(schemas.OfferRematch, blackID, nil))
		g.must(g.command(schemas.AcceptRematch, whiteID, nil))
		rematch := g.state.Rematch()
		fail := &schemas.FailRematchPayload{GameID: rematch, Reason: c.reason, PlayerID: c.whose}
		ev := g.must(g.command(schemas.FailRematch, schemas.ActorSystem, fail))[0]
		if p := ev.Payload.(*schemas.RematchFailedPayload); p.GameID != rematch || p.Reason != c.reason || p.Color != c.color {
			t.Fatalf("%+v", p)
		}
		if g.state.Rematch() != "" || g.state.AwaitsRematch() {
			t.Fatalf("%+v", g.state)
		}
		if _, r := g.send(g.command(schemas.FailRematch, schemas.ActorSystem, fail)); r != nil || g.state.Seq != ev.Seq {
			t.Fatalf("told twice: %+v", r)
		}
		g.refused(g.command(schemas.OfferRematch, whiteID, nil), schemas.CodeNoRematch)
		g.checkHistory()
	}
}

// The row may be kept for longer than the window, for repeated commands.
func TestRematchWindowCloses(t *testing.T) {
	t.Parallel()
	g := over(t, createPayload())
	g.must(g.command(schemas.OfferRematch, whiteID, nil))
	offered := g.at
	g.at = offered.Add(RematchWindow + time.Second)
	for _, c := range []schemas.CommandType{schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch} {
		g.refused(g.command(c, blackID, nil), schemas.CodeNoRematch)
	}
	g.at = offered.Add(RematchWindow - time.Second)
	g.must(g.command(schemas.AcceptRematch, blackID, nil))
}

func TestNoRematchOfRunningOrAbortedGame(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.refused(g.command(schemas.OfferRematch, whiteID, nil), schemas.CodeGameNotOver)
	g.at = g.state.FlagAt() // too late: the first-move limit ends the game
	end(t, g, g.must(g.command(schemas.OfferRematch, whiteID, nil)), schemas.GameAborted, schemas.NoResult, schemas.FirstMoveExpired)
	g.refused(g.command(schemas.OfferRematch, whiteID, nil), schemas.CodeNoRematch)
}
