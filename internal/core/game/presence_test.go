package game

import (
	"strings"
	"testing"
	"time"

	"tabiya/schemas"
)

func (g *harness) gone(c schemas.Color, left bool) schemas.Command {
	return g.command(schemas.MarkGone, schemas.ActorSystem, &schemas.MarkGonePayload{Color: c, Left: left})
}

func (g *harness) present(c schemas.Color) schemas.Command {
	return g.command(schemas.MarkPresent, schemas.ActorSystem, &schemas.MarkPresentPayload{Color: c})
}

// claim is the claim of a player whose service has read the whole log.
func (g *harness) claim(who string, as schemas.ClaimAs) schemas.Command {
	claimant, _ := g.state.ColorOf(who)
	since := g.state.GoneSince(claimant.Other())
	return g.command(schemas.ClaimVanished, who, &schemas.ClaimVanishedPayload{As: as, GoneSince: since})
}

func TestPresenceIsRecordedOnce(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	expect := func(cmd schemas.Command, want int) {
		t.Helper()
		if events := g.must(cmd); len(events) != want {
			t.Fatalf("%s led to %d events", cmd.Type, len(events))
		}
	}
	expect(g.present(schemas.Black), 0)
	cmd := g.gone(schemas.Black, true)
	expect(cmd, 1)
	if _, r := g.send(cmd); r == nil || r.Seq != 3 {
		t.Fatalf("sent again: %+v", r)
	}
	if g.state.GoneSince(schemas.Black) != g.at || g.state.GoneSince(schemas.White) != 0 {
		t.Fatal("the wrong side is gone")
	}
	expect(g.gone(schemas.Black, false), 0)
	expect(g.present(schemas.Black), 1)
	expect(g.gone("red", false), 0)
	expect(g.present(""), 0)
	g.refused(g.command(schemas.MarkGone, whiteID, &schemas.MarkGonePayload{Color: schemas.Black}), schemas.CodeForbidden)
	expect(g.gone(schemas.White, false), 1)
	g.play("e2e4") // a move marks the player present
	if g.state.GoneSince(schemas.White) != 0 {
		t.Fatal("a player who moved is still marked as gone")
	}
	for range maxDisconnects - 1 {
		expect(g.gone(schemas.Black, false), 1)
		expect(g.present(schemas.Black), 1)
	}
	expect(g.gone(schemas.Black, false), 0)
	expect(g.gone(schemas.White, false), 1)
	g.must(g.command(schemas.Resign, whiteID, nil))
	g.refused(g.present(schemas.White), schemas.CodeGameOver)
	g.checkHistory()
}

func TestClaimAgainstVanishedOpponent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tc     schemas.TimeControl
		left   bool
		as     schemas.ClaimAs
		after  time.Duration
		result schemas.Result
	}{
		{"dropped", blitz, false, schemas.ClaimWin, 40 * time.Second, schemas.WhiteWins},
		{"left", blitz, true, schemas.ClaimWin, 10 * time.Second, schemas.WhiteWins},
		{"left, claimed as a draw", blitz, true, schemas.ClaimDrawOnly, 10 * time.Second, schemas.Draw},
		{"dropped in rapid", schemas.TimeControl{InitialCs: 60_000}, false, schemas.ClaimWin, 80 * time.Second, schemas.WhiteWins},
		{"left in classical", schemas.TimeControl{InitialCs: 180_000}, true, schemas.ClaimWin, 30 * time.Second, schemas.WhiteWins},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := createPayload()
			p.TimeControl = c.tc
			g := newGameOf(t, p)
			g.playAll("e2e4 e7e5 g1f3")
			g.refused(g.claim(whiteID, c.as), schemas.CodeOpponentPresent)
			g.must(g.gone(schemas.Black, c.left))
			left := g.at
			if want := left.Add(c.after); g.state.ClaimableAt(schemas.White, left) != want || g.state.ClaimableAt(schemas.Black, left) != 0 {
				t.Fatalf("claimable at %v, want %v", g.state.ClaimableAt(schemas.White, left), want)
			}
			g.at = left.Add(c.after) - 1001
			early := g.claim(whiteID, c.as)
			if _, r := g.send(early); r == nil || r.Code != schemas.CodeTooEarlyToClaim || !strings.Contains(r.Detail, " 2 seconds") {
				t.Fatalf("%+v", r)
			}
			g.at = left.Add(c.after)
			cmd := g.claim(whiteID, c.as)
			end(t, g, g.must(cmd), schemas.GameEnded, c.result, schemas.Abandoned)
			if _, r := g.send(cmd); r == nil || r.Seq != g.state.Seq {
				t.Fatalf("sent again: %+v", r)
			}
		})
	}
}

// A claim that waited in the log together with the disconnect, or was made on an earlier
// one, does not count.
func TestClaimNamesTheDisconnectThatItsServiceHasRead(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5 g1f3")
	g.must(g.gone(schemas.Black, false))
	left := g.at
	claim := func(since schemas.Time) schemas.Command {
		return g.command(schemas.ClaimVanished, whiteID, &schemas.ClaimVanishedPayload{As: schemas.ClaimWin, GoneSince: since})
	}
	g.at = left.Add(time.Minute)
	g.refused(claim(0), schemas.CodeOpponentPresent)
	g.refused(claim(left-1), schemas.CodeOpponentPresent)
	g.must(g.present(schemas.Black))
	g.must(g.gone(schemas.Black, false))
	again := g.at
	g.at = again.Add(40*time.Second - 1)
	g.refused(claim(again), schemas.CodeTooEarlyToClaim)
	g.at = again.Add(time.Minute)
	g.refused(claim(left), schemas.CodeOpponentPresent)
	end(t, g, g.must(claim(again)), schemas.GameEnded, schemas.WhiteWins, schemas.Abandoned)
}

func TestRefusedClaims(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.play("e2e4")
	g.must(g.gone(schemas.Black, true))
	g.at += 20_000
	g.refused(g.claim(whiteID, schemas.ClaimWin), schemas.CodeTooEarlyToClaim) // first moves have their own time limit
	g.play("e7e5")
	g.must(g.gone(schemas.Black, true))
	g.at += 20_000
	g.refused(g.claim(whiteID, schemas.ClaimWin), schemas.CodeYourTurn)
	g.play("g1f3")
	g.refused(g.claim(whiteID, "all"), schemas.CodeInvalidField)
	g.refused(g.claim("somebody", schemas.ClaimWin), schemas.CodeNotAPlayer)
	g.must(g.gone(schemas.White, false))
	g.refused(g.claim(whiteID, schemas.ClaimWin), schemas.CodeClaimantGone)
	g.must(g.present(schemas.White))
	g.at = g.state.FlagAt()
	end(t, g, g.must(g.claim(whiteID, schemas.ClaimDrawOnly)), schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
}

func TestClaimedWinWithoutMatingMaterialIsADraw(t *testing.T) {
	t.Parallel()
	g := newGameAt(t, rookEndgame)
	g.playAll("e6e5 e3e2 e5e4 e2e1")
	g.must(g.gone(schemas.Black, true))
	g.play("e4e5") // a move marks the player present
	g.must(g.gone(schemas.White, true))
	g.at += 60_000
	end(t, g, g.must(g.claim(blackID, schemas.ClaimWin)), schemas.GameEnded, schemas.Draw, schemas.Abandoned)
}
