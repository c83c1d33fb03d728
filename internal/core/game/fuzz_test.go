package game

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tabiya/schemas"
)

func FuzzDecodeBody(f *testing.F) {
	g := &harness{t: f, at: epoch}
	g.must(g.command(schemas.CreateGame, schemas.ActorSystem, createPayload()))
	g.playAll("e2e4 e7e5 g1f3")
	f.Add(AppendBody(nil, g.state))
	g.must(g.command(schemas.OfferTakeback, whiteID, nil))
	f.Add(AppendBody(nil, g.state))
	g.must(g.command(schemas.AcceptTakeback, blackID, nil))
	g.must(g.command(schemas.AddTime, blackID, nil))
	g.must(g.gone(schemas.Black, true))
	g.at += 1000
	g.must(g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "b1c3", LagCs: 20}))
	f.Add(AppendBody(nil, g.state))
	g.must(g.command(schemas.Resign, whiteID, nil))
	g.must(g.command(schemas.OfferRematch, whiteID, nil))
	f.Add(AppendBody(nil, g.state))
	g.must(g.command(schemas.AcceptRematch, blackID, nil))
	f.Add(AppendBody(nil, g.state))
	p := createPayload()
	p.FEN, p.Private, p.RematchOf = rookEndgame, true, schemas.DerivedID(gameID, "earlier", 1)
	f.Add(AppendBody(nil, newGameOf(f, p).state))
	f.Add(AppendBody(nil, Void(gameID, "eu", epoch)))
	if whole, err := os.ReadFile(filepath.Join("testdata", "row-of-whole-ids.bin")); err == nil {
		f.Add(whole)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := DecodeBody(gameID, schemas.Head{}, body)
		if err != nil {
			return
		}
		written := AppendBody(nil, s)
		again, err := DecodeBody(gameID, schemas.Head{}, written)
		if err != nil || !bytes.Equal(AppendBody(nil, again), written) {
			t.Fatalf("a decoded row cannot be encoded: %v", err)
		}
	})
}

func TestCorruptHistoryPanics(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	body := AppendBody(nil, g.state)
	s, err := DecodeBody(gameID, schemas.Head{}, body[:len(body)-2])
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("events were rebuilt from a truncated history")
		}
	}()
	s.Events(1)
}
