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
	if len(commands) != 1 || commands[0].Key != accepted.GameID || commands[0].Actor != schemas.ActorSystem {
		t.Fatalf("%+v", commands)
	}
	create := commands[0].Payload.(*schemas.CreateGamePayload)
	seated := func(p schemas.Seated) schemas.Seated {
		return schemas.Seated{PlayerID: p.PlayerID, Handle: p.Handle, Rating: p.Rating, Deviation: p.Deviation}
	}
	if want := (schemas.CreateGamePayload{
		White: seated(p.Black), Black: seated(p.White), TimeControl: blitz, Rated: true, FEN: rookEndgame, Private: true, RematchOf: gameID, Deadline: g.at.Add(schemas.RematchWithin),
	}); *create != want {
		t.Fatalf("%+v\nwant %+v", *create, want)
	}
	if again := Consequences(g.state, throughWire(t, ev)); !reflect.DeepEqual(again, commands) {
		t.Fatal("the commands depend on the state")
	}
	// The rematch seats nobody.
	next := &harness{t: t, at: g.at}
	commands[0].Region = "eu"
	_, events, refusal := Decide(nil, commands[0], g.at)
	if refusal != nil || len(events) != 2 || events[0].Payload.(*schemas.GameCreatedPayload).RematchOf != gameID {
		t.Fatalf("%+v %+v", events, refusal)
	}
	state, err := Apply(nil, events[0])
	if err != nil || len(Consequences(state, events[1])) != 0 {
		next.t.Fatal("the rematch seated players")
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

// The row may be kept for longer than the window, for repeated commands.
func TestRematchWindowCloses(t *testing.T) {
	t.Parallel()
	g := over(t, createPayload())
	g.must(g.command(schemas.OfferRematch, whiteID, nil))
	offered := g.at
	g.at = offered.Add(rematchWindow + time.Second)
	for _, c := range []schemas.CommandType{schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch} {
		g.refused(g.command(c, blackID, nil), schemas.CodeNoRematch)
	}
	g.at = offered.Add(rematchWindow - time.Second)
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
