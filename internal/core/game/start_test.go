package game

import (
	"strings"
	"testing"

	"tabiya/schemas"
)

const (
	rookEndgame = "8/8/4k3/8/8/4K2R/8/8 b - - 98 90"
	enPassant   = "4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 12"
)

func newGameAt(t *testing.T, fen string) *harness {
	t.Helper()
	p := createPayload()
	p.FEN = fen
	return newGameOf(t, p)
}

func TestGameStartingWithBlackToMove(t *testing.T) {
	t.Parallel()
	g := newGameAt(t, enPassant)
	if created := g.events[0].Payload.(*schemas.GameCreatedPayload); created.FEN != enPassant || g.state.FEN != enPassant || g.state.Turn() != schemas.Black {
		t.Fatalf("%+v", created)
	}
	g.refused(g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "e1e2"}), schemas.CodeNotYourTurn)
	first := g.play("d4e3")[0].Payload.(*schemas.MoveMadePayload)
	if first.Ply != 1 || first.Color != schemas.Black || first.Clock.ChargedCs != 0 {
		t.Fatalf("%+v", first)
	}
	g.play("e1e2")
	g.at += 5000
	third := g.play("e8e7")[0].Payload.(*schemas.MoveMadePayload)
	if third.Color != schemas.Black || third.Clock != (schemas.Clock{WhiteCs: 30000, BlackCs: 30000 - 600 + 300, ElapsedCs: 600, ChargedCs: 600}) {
		t.Fatalf("%+v", third)
	}
	over := end(t, g, g.must(g.command(schemas.Resign, blackID, nil)), schemas.GameResigned, schemas.WhiteWins, schemas.Resignation)
	if over.StartFEN != enPassant || strings.Join(over.Moves, " ") != "d4e3 e1e2 e8e7" || over.ClocksCs[2] != 29700 || over.ClocksCs[1] != 30000 {
		t.Fatalf("%+v", over)
	}
}

func TestBlackFlagsInGameThatBlackBegan(t *testing.T) {
	t.Parallel()
	g := newGameAt(t, rookEndgame)
	g.playAll("e6e5 e3e2")
	g.at = g.state.FlagAt()
	end(t, g, g.checkFlag(), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
	if g.state.Clock.Black != 0 || g.state.Clock.White == 0 {
		t.Fatalf("%+v", g.state.Clock)
	}
}

func TestStartFENDropsUncapturableEnPassantSquare(t *testing.T) {
	t.Parallel()
	g := newGameAt(t, "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1")
	if want := "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"; g.state.StartFEN != want || g.state.FEN != want {
		t.Fatalf("%q", g.state.StartFEN)
	}
	create := createPayload()
	create.FEN = g.state.StartFEN // the same position as in the first request
	cmd := schemas.Command{ID: g.events[0].CommandID, Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorService, Payload: create}
	if _, r := g.send(cmd); r == nil || r.Seq != 1 {
		t.Fatalf("sent again: %+v", r)
	}
	create.FEN = ""
	g.refused(cmd, schemas.CodeKeyReused)
}

func TestUnplayableStartIsRefused(t *testing.T) {
	t.Parallel()
	for name, fen := range map[string]string{
		"nonsense":                  "x",
		"no kings":                  "8/8/8/8/8/8/8/8 w - - 0 1",
		"side not to move in check": "4k3/8/8/8/8/8/4R3/4K3 w - - 0 1",
		"mate":                      "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3",
		"stalemate":                 "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1",
		"bare kings":                "8/8/4k3/8/8/4K3/8/8 w - - 0 40",
		"75-move rule reached":      "8/8/4k3/8/8/4K2R/8/8 b - - 150 90",
		"move number too high":      "8/8/4k3/8/8/4K2R/8/8 b - - 0 9999",
	} {
		p := createPayload()
		p.FEN = fen
		g := &harness{t: t, at: epoch}
		g.refused(g.command(schemas.CreateGame, schemas.ActorService, p), schemas.CodeInvalidFEN)
		if _, refusal := g.send(g.command(schemas.CreateGame, schemas.ActorService, p)); refusal.Detail == "" {
			t.Errorf("%s: refused without a reason", name)
		}
	}
}

func TestPrivateAndRematchOfAreRecorded(t *testing.T) {
	t.Parallel()
	p := createPayload()
	p.Private, p.RematchOf = true, "no game"
	g := &harness{t: t, at: epoch}
	g.refused(g.command(schemas.CreateGame, schemas.ActorSystem, p), schemas.CodeInvalidField)
	p.RematchOf = schemas.DerivedID(gameID, "earlier", 1)
	g = newGameOf(t, p)
	if created := g.events[0].Payload.(*schemas.GameCreatedPayload); !created.Private || created.RematchOf != p.RematchOf || !g.state.Private || g.state.RematchOf != p.RematchOf {
		t.Fatalf("%+v", created)
	}
	if over := end(t, g, g.must(g.command(schemas.Resign, blackID, nil)), schemas.GameResigned, schemas.WhiteWins, schemas.Resignation); !over.Private {
		t.Fatal("the terminal event does not say that the game is private")
	}
}

func TestPrivateGameIsHiddenFromStrangers(t *testing.T) {
	t.Parallel()
	p := createPayload()
	p.Private = true
	private, public := newGameOf(t, p), newGame(t)
	public.n = 100 // command IDs must differ between the two games
	commands := []schemas.Command{
		private.command(schemas.PlayMove, "somebody", &schemas.PlayMovePayload{UCI: "e2e4"}),
		private.command(schemas.Resign, "somebody", nil),
		private.command(schemas.OfferRematch, "somebody", nil),
	}
	for _, cmd := range commands {
		private.refused(cmd, schemas.CodeGameNotFound)
		public.refused(cmd, schemas.CodeNotAPlayer)
	}
	for _, g := range []*harness{private, public} {
		g.must(g.command(schemas.Resign, blackID, nil))
		g.refused(g.command(schemas.Resign, blackID, nil), schemas.CodeGameOver)
	}
	for _, cmd := range commands {
		private.refused(cmd, schemas.CodeGameNotFound)
	}
	public.refused(commands[0], schemas.CodeGameOver)
	public.refused(commands[2], schemas.CodeNotAPlayer)
	private.must(private.command(schemas.OfferRematch, blackID, nil))
}

func TestClaimedDraws(t *testing.T) {
	t.Parallel()
	claim := func(g *harness, who string) schemas.Command { return g.command(schemas.ClaimDraw, who, nil) }

	t.Run("threefold", func(t *testing.T) {
		t.Parallel()
		g := newGame(t)
		g.playAll("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1")
		g.refused(claim(g, blackID), schemas.CodeNoDrawToClaim)
		g.play("f6g8")
		g.refused(claim(g, blackID), schemas.CodeNotYourTurn)
		g.refused(claim(g, "somebody"), schemas.CodeNotAPlayer)
		cmd := claim(g, whiteID)
		end(t, g, g.must(cmd), schemas.GameEnded, schemas.Draw, schemas.ThreefoldRepetition)
		if _, r := g.send(cmd); r == nil || r.Seq != 11 {
			t.Fatalf("sent again: %+v", r)
		}
		cmd.Type = schemas.AcceptDraw
		g.refused(cmd, schemas.CodeKeyReused)
	})
	// FIDE 9.2.3: the en-passant square after 1...h5 does not count, because the
	// capturing pawn is pinned.
	t.Run("threefold with a pinned capturer", func(t *testing.T) {
		t.Parallel()
		g := newGameAt(t, "6k1/1p2p1rp/rP1pR3/2pP1pP1/p1P2P1P/R5K1/8/8 b - - 0 1")
		g.playAll("h7h5 e6h6 g7h7 h6e6 h7g7 e6h6 g7h7 h6e6 h7g7")
		end(t, g, g.must(claim(g, whiteID)), schemas.GameEnded, schemas.Draw, schemas.ThreefoldRepetition)
	})
	t.Run("50 moves", func(t *testing.T) {
		t.Parallel()
		g := newGameAt(t, rookEndgame)
		g.refused(claim(g, blackID), schemas.CodeNoDrawToClaim)
		g.play("e6e5") // 99
		g.refused(claim(g, whiteID), schemas.CodeNoDrawToClaim)
		g.play("e3e2") // 100
		end(t, g, g.must(claim(g, blackID)), schemas.GameEnded, schemas.Draw, schemas.FiftyMoves)
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		g := newGameAt(t, rookEndgame)
		g.playAll("e6e5 e3e2")
		g.at = g.state.FlagAt()
		end(t, g, g.must(claim(g, blackID)), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
	})
}
