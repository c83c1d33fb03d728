package game

import (
	"errors"
	"testing"

	"tabiya/schemas"
)

func end(t *testing.T, g *harness, events []schemas.Event, want schemas.EventType, result schemas.Result, termination schemas.Termination) *schemas.GameOver {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("no event")
	}
	last := events[len(events)-1]
	over, ok := last.Payload.(*schemas.GameOver)
	if !ok || last.Type != want || over.Result != result || over.Termination != termination {
		t.Fatalf("%s %+v, want %s %s %s", last.Type, last.Payload, want, result, termination)
	}
	if over.Plies != len(over.Moves) || over.Plies != len(over.ClocksCs) || over.EndedAt != last.OccurredAt || over.FEN != g.state.FEN {
		t.Fatalf("the terminal event does not contain the whole game: %+v", over)
	}
	if !g.state.Over() || g.state.EndedAt() != last.OccurredAt || g.state.Deadline() != 0 {
		t.Fatal("the state does not say that the game is over")
	}
	g.refused(g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "e2e4"}), schemas.CodeGameOver)
	g.refused(g.command(schemas.Resign, blackID, nil), schemas.CodeGameOver)
	g.checkHistory()
	return over
}

func TestGamesEndOnTheBoard(t *testing.T) {
	t.Parallel()
	const shuffle = " g1f3 g8f6 f3g1 f6g8"
	for _, c := range []struct {
		name, moves string
		result      schemas.Result
		termination schemas.Termination
	}{
		{"mate by Black", "f2f3 e7e5 g2g4 d8h4", schemas.BlackWins, schemas.Checkmate},
		{"mate by White", "e2e4 e7e5 d1h5 b8c6 f1c4 g8f6 h5f7", schemas.WhiteWins, schemas.Checkmate},
		{"stalemate", "e2e3 a7a5 d1h5 a8a6 h5a5 h7h5 h2h4 a6h6 a5c7 f7f6 c7d7 e8f7 d7b7 d8d3 b7b8 d3h7 b8c8 f7g6 c8e6", schemas.Draw, schemas.Stalemate},
		{"fivefold", "e2e4 e7e5" + shuffle + shuffle + shuffle + shuffle, schemas.Draw, schemas.FivefoldRepetition},
		{"fivefold from the start", shuffle + shuffle + shuffle + shuffle, schemas.Draw, schemas.FivefoldRepetition},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGame(t)
			events := g.playAll(c.moves)
			if len(events) != 2 || events[0].CommandID != events[1].CommandID {
				t.Fatalf("%d events", len(events))
			}
			if move := events[0].Payload.(*schemas.MoveMadePayload); move.DeadlineAt != 0 {
				t.Errorf("the last move has a deadline")
			}
			end(t, g, events, schemas.GameEnded, c.result, c.termination)
		})
	}
}

func TestInsufficientMaterialSeventyFiveMovesAndMaxPlies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, fen, uci string
		plies          int
		want           schemas.Termination
	}{
		{"bare kings", "8/8/4k3/8/8/4Kp2/8/8 w - - 0 40", "e3f3", 78, schemas.InsufficientMaterial},
		{"75 moves", "8/8/4k3/8/8/4K2R/8/8 w - - 149 120", "e3f3", 238, schemas.SeventyFiveMoves},
		{"checkmate on the 75th move", "4k3/7R/4K3/8/8/8/8/6R1 w - - 149 120", "g1g8", 238, schemas.Checkmate},
		{"600 plies", "4k3/8/4K3/8/8/8/8/6R1 b - - 10 300", "e8f8", 599, schemas.MaxPlies},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := *newGame(t).state
			s.FEN, s.Plies = c.fen, c.plies
			actor := whiteID
			if c.plies%2 == 1 {
				actor = blackID
			}
			_, events, refusal := Decide(&s, schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: gameID, Actor: actor, Payload: &schemas.PlayMovePayload{UCI: c.uci}}, epoch+10)
			if refusal != nil || len(events) != 2 || events[1].Payload.(*schemas.GameOver).Termination != c.want {
				t.Fatalf("%+v %+v", events, refusal)
			}
		})
	}
}

func TestResignation(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4")
	end(t, g, g.must(g.command(schemas.Resign, whiteID, nil)), schemas.GameResigned, schemas.BlackWins, schemas.Resignation)
}

func TestDrawOffers(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.refused(g.command(schemas.AcceptDraw, blackID, nil), schemas.CodeNoDrawOffer)
	g.refused(g.command(schemas.DeclineDraw, blackID, nil), schemas.CodeNoDrawOffer)
	g.must(g.command(schemas.OfferDraw, whiteID, nil))
	g.refused(g.command(schemas.OfferDraw, whiteID, nil), schemas.CodeDrawOfferPending)
	g.refused(g.command(schemas.AcceptDraw, whiteID, nil), schemas.CodeNoDrawOffer)
	g.play("g1f3")
	if g.state.DrawOffer != schemas.White {
		t.Fatal("the offerer's own move withdrew the offer")
	}
	g.play("g8f6")
	if g.state.DrawOffer != "" {
		t.Fatal("the opponent's move did not decline the offer")
	}
	g.refused(g.command(schemas.AcceptDraw, blackID, nil), schemas.CodeNoDrawOffer)
	g.refused(g.command(schemas.OfferDraw, whiteID, nil), schemas.CodeDrawOfferTooSoon)
	g.must(g.command(schemas.OfferDraw, blackID, nil))
	g.must(g.command(schemas.DeclineDraw, whiteID, nil))
	g.refused(g.command(schemas.OfferDraw, blackID, nil), schemas.CodeDrawOfferTooSoon)
	g.playAll("e2e4 e7e5 b1c3 b8c6 f1b5 f8b4 a2a3 a7a6 b5c4 b4c5 d2d3 d7d6 h2h3 h7h6 b2b3 b7b6 g2g3") // ply 19
	g.refused(g.command(schemas.OfferDraw, whiteID, nil), schemas.CodeDrawOfferTooSoon)
	g.play("g7g6") // ply 20
	g.must(g.command(schemas.OfferDraw, whiteID, nil))
	end(t, g, g.must(g.command(schemas.AcceptDraw, blackID, nil)), schemas.GameEnded, schemas.Draw, schemas.Agreement)
}

func TestDrawOfferAgainstPendingOfferAcceptsIt(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	g.must(g.command(schemas.OfferDraw, whiteID, nil))
	end(t, g, g.must(g.command(schemas.OfferDraw, blackID, nil)), schemas.GameEnded, schemas.Draw, schemas.Agreement)
}

func TestDrawAgreedBeforeFirstMove(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.must(g.command(schemas.OfferDraw, blackID, nil))
	end(t, g, g.must(g.command(schemas.AcceptDraw, whiteID, nil)), schemas.GameEnded, schemas.Draw, schemas.Agreement)
}

func TestAbort(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.play("e2e4")
	end(t, g, g.must(g.command(schemas.AbortGame, blackID, nil)), schemas.GameAborted, schemas.NoResult, schemas.AbortedByPlayer)

	g = newGame(t)
	g.playAll("e2e4 e7e5")
	g.refused(g.command(schemas.AbortGame, blackID, nil), schemas.CodeTooLateToAbort)
	end(t, g, g.must(g.command(schemas.AbortGame, schemas.ActorSystem, nil)), schemas.GameAborted, schemas.NoResult, schemas.MatchExpired)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	move := func(uci string, ply int) *schemas.PlayMovePayload {
		return &schemas.PlayMovePayload{UCI: uci, Ply: ply}
	}
	g.refused(g.command(schemas.PlayMove, blackID, move("e7e5", 0)), schemas.CodeNotYourTurn)
	g.refused(g.command(schemas.PlayMove, "somebody", move("e2e4", 0)), schemas.CodeNotAPlayer)
	g.refused(g.command(schemas.PlayMove, "", move("e2e4", 0)), schemas.CodeNotAPlayer)
	g.refused(g.command(schemas.Resign, schemas.ActorService, nil), schemas.CodeNotAPlayer)
	g.refused(g.command(schemas.Resign, schemas.ActorSystem, nil), schemas.CodeNotAPlayer)
	g.refused(g.command(schemas.PlayMove, whiteID, move("e2e5", 0)), schemas.CodeIllegalMove)
	g.refused(g.command(schemas.PlayMove, whiteID, move("e4", 0)), schemas.CodeMalformedMove)
	g.refused(g.command(schemas.PlayMove, whiteID, move("e2e4", 2)), schemas.CodeWrongPly)
	g.refused(g.command(schemas.CreateGame, schemas.ActorService, createPayload()), schemas.CodeGameExists)
	for code, change := range map[schemas.Code]func(*schemas.Command, *schemas.CreateGamePayload){
		schemas.CodeSamePlayer:         func(_ *schemas.Command, p *schemas.CreateGamePayload) { p.Black = p.White },
		schemas.CodePlayerNotFound:     func(_ *schemas.Command, p *schemas.CreateGamePayload) { p.Black.PlayerID = "" },
		schemas.CodeInvalidTimeControl: func(_ *schemas.Command, p *schemas.CreateGamePayload) { p.TimeControl.InitialCs = -1 },
		schemas.CodeForbidden:          func(c *schemas.Command, _ *schemas.CreateGamePayload) { c.Actor = whiteID },
		schemas.CodeUnknownRegion:      func(c *schemas.Command, _ *schemas.CreateGamePayload) { c.Region = "../x" },
	} {
		p := createPayload()
		cmd := g.command(schemas.CreateGame, schemas.ActorService, p)
		change(&cmd, p)
		if _, _, refusal := Decide(nil, cmd, epoch); refusal == nil || refusal.Code != code {
			t.Errorf("%+v, want %s", refusal, code)
		}
	}
	if _, _, refusal := Decide(nil, g.command(schemas.Resign, whiteID, nil), epoch); refusal == nil || refusal.Code != schemas.CodeGameNotFound {
		t.Errorf("%+v", refusal)
	}
	for _, c := range []schemas.CommandType{schemas.CheckFlag, schemas.AbortGame, schemas.EvictGame} {
		if _, events, refusal := Decide(nil, g.command(c, schemas.ActorSystem, nil), epoch); refusal != nil || events != nil {
			t.Errorf("%s of no game: %v %+v", c, events, refusal)
		}
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	create := schemas.Command{ID: g.events[0].CommandID, Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorService, Payload: createPayload()}
	repeated := func(cmd schemas.Command, seq int64) {
		t.Helper()
		before := g.state
		if _, r := g.send(cmd); r == nil || r.Seq != seq || g.state != before {
			t.Fatalf("%s: %+v, want a repeat of %d", cmd.Type, r, seq)
		}
	}
	repeated(create, 1)
	risen := createPayload() // ratings may change between a request and its repeat
	risen.White.Rating, risen.Black.Deviation = risen.White.Rating+10, risen.Black.Deviation-5
	repeated(schemas.Command{ID: create.ID, Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorService, Payload: risen}, 1)
	other := create
	other.Payload = &schemas.CreateGamePayload{White: createPayload().Black, Black: createPayload().White, TimeControl: blitz}
	g.refused(other, schemas.CodeKeyReused)

	move := g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "e2e4", Ply: 1})
	g.must(move)
	repeated(move, 3)
	g.play("e7e5")
	repeated(move, 3)
	move.Payload = &schemas.PlayMovePayload{UCI: "d2d4"}
	g.refused(move, schemas.CodeKeyReused)
	move.Type, move.Payload = schemas.Resign, nil
	g.refused(move, schemas.CodeKeyReused)
	offer := g.command(schemas.OfferDraw, whiteID, nil)
	g.must(offer)
	repeated(offer, 5)
	decline := g.command(schemas.DeclineDraw, blackID, nil)
	g.must(decline)
	repeated(decline, 6)
	repeated(offer, 5)
	resign := g.command(schemas.Resign, blackID, nil)
	g.must(resign)
	repeated(resign, 7)
	g.refused(schemas.Command{ID: resign.ID, Type: schemas.AcceptDraw, Key: gameID, Actor: blackID}, schemas.CodeKeyReused)
	if reply := (Refusal{Seq: 7}).Reply(resign, 5); reply.Type != schemas.CommandRepeated || reply.Seq != 7 || reply.Code != "" {
		t.Errorf("%+v", reply)
	}
}

func TestApplyRejectsGapAndIgnoresRepeat(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	two, _ := Apply(nil, g.events[0])
	if _, err := Apply(two, g.events[2]); !errors.Is(err, ErrGap) {
		t.Errorf("a gap: %v", err)
	}
	if again, err := Apply(g.state, g.events[2]); err != nil || again != g.state {
		t.Errorf("a repeat: %v", err)
	}
	if _, err := Apply(nil, g.events[1]); err == nil {
		t.Error("GameStarted was applied to no game")
	}
	foreign := g.events[3]
	foreign.Key = "another"
	if _, err := Apply(g.state, foreign); err == nil {
		t.Error("another game's event was applied")
	}
}

func TestVoidGameRefusesCreateGame(t *testing.T) {
	t.Parallel()
	s := recode(t, Void(gameID, "eu", epoch).Stamped(1, 7))
	if !s.Void || !s.Over() || !s.Evictable() || s.EndedAt() != epoch || len(s.Events(1)) != 0 {
		t.Fatalf("%+v", s)
	}
	cmd := schemas.Command{ID: schemas.NewID(), Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorSystem, Payload: createPayload()}
	if _, events, r := Decide(s, cmd, epoch+1); len(events) != 0 || r == nil || r.Code != schemas.CodeGameOver {
		t.Fatalf("%v %+v", events, r)
	}
	cmd = schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: gameID, Actor: whiteID}
	if _, _, r := Decide(s, cmd, epoch+1); r == nil || r.Code != schemas.CodeGameNotFound {
		t.Fatalf("%+v", r)
	}
}
