package game

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tabiya/schemas"
)

var update = flag.Bool("update", false, "write the golden rows of testdata anew")

// goldenGames together use every part of a row.
func goldenGames(t *testing.T) map[string]*harness {
	t.Helper()
	live := newGame(t)
	live.playAll("e2e4 e7e5 g1f3")
	live.must(live.command(schemas.OfferDraw, whiteID, nil))
	live.must(live.command(schemas.DeclineDraw, blackID, nil))
	live.at += 4000
	live.lagged("b8c6", 25)
	live.must(live.command(schemas.AddTime, whiteID, nil))
	live.must(live.gone(schemas.White, true))
	live.play("f1b5")
	live.must(live.offerTakeback(whiteID))
	live.acceptTakeback(blackID)
	live.play("f1c4")
	live.must(live.offerTakeback(whiteID))
	live.must(live.command(schemas.OfferDraw, blackID, nil))
	live.must(live.gone(schemas.Black, false))
	live.must(live.present(schemas.Black))
	live.must(live.gone(schemas.Black, false))

	p := createPayload()
	p.FEN, p.Private, p.Queue, p.RematchOf = rookEndgame, true, "", schemas.DerivedID(gameID, "earlier", 1)
	ended := newGameOf(t, p)
	ended.playAll("e6e5 e3e2 e5e4 e2d2 e4e5")
	ended.must(ended.offerTakeback(blackID))
	ended.must(ended.command(schemas.DeclineTakeback, whiteID, nil))
	ended.must(ended.command(schemas.Resign, whiteID, nil))
	ended.must(ended.command(schemas.OfferRematch, whiteID, nil))
	ended.must(ended.command(schemas.DeclineRematch, blackID, nil))
	ended.must(ended.command(schemas.OfferRematch, blackID, nil))
	ended.must(ended.command(schemas.AcceptRematch, whiteID, nil))

	void := &harness{t: t, at: epoch, state: Void(gameID, "eu", epoch)}
	return map[string]*harness{"row-live": live, "row-ended": ended, "row-void": void}
}

func TestRowBytesMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, g := range goldenGames(t) {
		file := filepath.Join("testdata", name+".bin")
		got := AppendBody(nil, g.state)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: written as\n%x\nwant\n%x", name, got, want)
		}
		s, err := DecodeBody(gameID, schemas.Head{}, want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(AppendBody(nil, s), want) {
			t.Errorf("%s: written differently after it was read", name)
		}
		g.checkHistory()
	}
}
