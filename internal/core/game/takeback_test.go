package game

import (
	"strings"
	"testing"

	"tabiya/schemas"
)

func (g *harness) offerTakeback(who string) schemas.Command {
	return g.command(schemas.OfferTakeback, who, nil)
}

func (g *harness) acceptTakeback(who string) *schemas.TakebackAcceptedPayload {
	g.t.Helper()
	return g.must(g.command(schemas.AcceptTakeback, who, nil))[0].Payload.(*schemas.TakebackAcceptedPayload)
}

func TestTakebackOfUnansweredMove(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3 b8c6") // each second costs 100 and earns 300
	was := g.state
	g.play("f1b5")
	offered := g.must(g.offerTakeback(whiteID))[0]
	if p := offered.Payload.(*schemas.TakebackOfferedPayload); p.Color != schemas.White || p.Ply != 5 || g.state.TakebackOffer != schemas.White {
		t.Fatalf("%+v", p)
	}
	g.at += 7000 // Black thinks about it on their own clock, and gets the time back
	p := g.acceptTakeback(blackID)
	if p.Color != schemas.Black || p.Ply != 4 || p.FEN != was.FEN || p.Clock != (schemas.Clocks{WhiteCs: was.Clock.White, BlackCs: was.Clock.Black}) {
		t.Fatalf("%+v", p)
	}
	if s := g.state; s.Plies != 4 || s.FEN != was.FEN || s.Turn() != schemas.White || s.TakebackOffer != "" || p.DeadlineAt != s.Deadline() || s.Deadline() != schemas.Time(10*(g.at.Centis()+was.Clock.White)) {
		t.Fatalf("%+v", s)
	}
	g.play("f1c4")
	over := end(t, g, g.must(g.command(schemas.Resign, blackID, nil)), schemas.GameResigned, schemas.WhiteWins, schemas.Resignation)
	if strings.Join(over.Moves, " ") != "e2e4 e7e5 g1f3 b8c6 f1c4" || len(over.ClocksCs) != 5 {
		t.Fatalf("%v %v", over.Moves, over.ClocksCs)
	}
}

func TestTakebackOfAnsweredMove(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	was := g.state
	g.playAll("g1f3 b8c6")
	g.must(g.command(schemas.OfferDraw, blackID, nil))
	g.must(g.offerTakeback(whiteID))
	// A counter-offer accepts.
	cmd := g.offerTakeback(blackID)
	p, ok := g.must(cmd)[0].Payload.(*schemas.TakebackAcceptedPayload)
	if !ok || p.Ply != 2 || p.FEN != was.FEN || g.state.DrawOffer != "" {
		t.Fatalf("%+v, draw offer %q", p, g.state.DrawOffer)
	}
	if _, r := g.send(cmd); r == nil || r.Seq != g.state.Seq {
		t.Fatalf("sent again: %+v", r)
	}
	cmd.Type = schemas.OfferDraw
	g.refused(cmd, schemas.CodeKeyReused)
	g.checkHistory()
}

// After the takeback, first moves are free again and have their own limit.
func TestTakebackOfFirstMove(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	g.must(g.offerTakeback(blackID))
	p := g.acceptTakeback(whiteID)
	if p.Ply != 1 || p.DeadlineAt != g.at+25_000 || g.state.FlagAt() != g.at+25_000 {
		t.Fatalf("%+v, flag %v", p, g.state.FlagAt())
	}
	g.play("c7c5")
	if g.state.Clock.Black != 30000 {
		t.Fatalf("%+v", g.state.Clock)
	}
	g.checkHistory()
}

func TestTakebackOffersAreBounded(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.refused(g.offerTakeback(whiteID), schemas.CodeNothingToTakeBack)
	g.play("e2e4")
	g.refused(g.offerTakeback(blackID), schemas.CodeNothingToTakeBack)
	g.refused(g.command(schemas.AcceptTakeback, blackID, nil), schemas.CodeNoTakebackOffer)
	g.refused(g.command(schemas.DeclineTakeback, blackID, nil), schemas.CodeNoTakebackOffer)
	g.refused(g.offerTakeback("somebody"), schemas.CodeNotAPlayer)
	g.must(g.offerTakeback(whiteID))
	g.refused(g.offerTakeback(whiteID), schemas.CodeTakebackOfferPending)
	g.refused(g.command(schemas.AcceptTakeback, whiteID, nil), schemas.CodeNoTakebackOffer)
	g.must(g.command(schemas.DeclineTakeback, blackID, nil))
	g.refused(g.offerTakeback(whiteID), schemas.CodeTakebackOfferTooSoon)
	g.play("e7e5")
	g.must(g.offerTakeback(whiteID))
	g.play("g1f3") // the offerer's own move ends it too
	g.refused(g.command(schemas.AcceptTakeback, blackID, nil), schemas.CodeNoTakebackOffer)
	for range maxTakebackOffers - 2 {
		g.must(g.offerTakeback(whiteID))
		g.acceptTakeback(blackID)
		g.play("g1f3")
	}
	g.refused(g.offerTakeback(whiteID), schemas.CodeTooManyTakebackOffers)
	g.play("b8c6")
	g.must(g.offerTakeback(blackID))
	g.checkHistory()
}

func TestTakebackAfterFlagFellEndsOnTime(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	g.must(g.offerTakeback(whiteID))
	g.at = g.state.FlagAt()
	end(t, g, g.must(g.command(schemas.AcceptTakeback, blackID, nil)), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
}

// A position that was taken back does not count for repetition. One from before an
// irreversible move that was taken back does.
func TestRepetitionAfterATakeback(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	claim := func() schemas.Command { return g.command(schemas.ClaimDraw, whiteID, nil) }
	takeBack := func() {
		t.Helper()
		g.must(g.offerTakeback(blackID))
		g.acceptTakeback(whiteID)
	}
	g.playAll("g1f3 g8f6 f3g1 f6g8")
	takeBack()
	g.play("f6g8") // the second time, not the third
	g.refused(claim(), schemas.CodeNoDrawToClaim)
	g.playAll("g1f3 g8f6 f3g1 e7e5")
	takeBack()
	g.play("f6g8")
	end(t, g, g.must(claim()), schemas.GameEnded, schemas.Draw, schemas.ThreefoldRepetition)
}

func TestAddedTime(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	add := func(who string) schemas.Command { return g.command(schemas.AddTime, who, nil) }
	g.play("e2e4")
	g.refused(add(whiteID), schemas.CodeClockNotRunning)
	g.play("e7e5")
	flag := g.state.FlagAt()
	cmd := add(blackID)
	p := g.must(cmd)[0].Payload.(*schemas.TimeAddedPayload)
	if p.Color != schemas.White || p.AddedCs != 1500 || p.Clock != (schemas.Clocks{WhiteCs: 31500, BlackCs: 30000}) || p.DeadlineAt != g.state.Deadline() {
		t.Fatalf("%+v", p)
	}
	if g.state.FlagAt() != flag+15_000 {
		t.Fatal("the flag of the side to move was not postponed")
	}
	if _, r := g.send(cmd); r == nil || r.Seq != g.state.Seq {
		t.Fatalf("sent again: %+v", r)
	}
	flag = g.state.FlagAt()
	g.must(add(whiteID))
	if g.state.FlagAt() != flag || g.state.Clock.Black != 31500 {
		t.Fatalf("%+v", g.state.Clock)
	}
	g.at += 1000
	g.play("g1f3")
	// A takeback does not revoke added time.
	g.must(add(whiteID))
	g.must(g.offerTakeback(whiteID))
	if p := g.acceptTakeback(blackID); p.Clock != (schemas.Clocks{WhiteCs: 31500, BlackCs: 33000}) {
		t.Fatalf("%+v", p)
	}
	for range maxTimeGifts - 2 {
		g.must(add(whiteID))
	}
	g.refused(add(whiteID), schemas.CodeTooMuchTime)
	g.must(add(blackID))
	g.at = g.state.FlagAt()
	end(t, g, g.must(add(blackID)), schemas.GameTimeout, schemas.BlackWins, schemas.TimeForfeit)
}
