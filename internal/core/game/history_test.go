package game

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tabiya/schemas"
)

// A row stores half of most command IDs. IDs that share a half must still be told
// apart.
func TestCommandIDsSharingOneHalfAreDistinct(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	first := g.command(schemas.OfferDraw, whiteID, nil)
	first.ID = schemas.GameCommandID(gameID, schemas.CommandID(whiteID, "one"))
	foreign := g.command(schemas.DeclineDraw, blackID, nil)
	foreign.ID = schemas.GameCommandID(schemas.DerivedID(gameID, "another", 1), first.ID)
	sibling := g.command(schemas.PlayMove, whiteID, &schemas.PlayMovePayload{UCI: "e2e4"})
	sibling.ID = schemas.GameCommandID(gameID, schemas.CommandID(whiteID, "two"))
	for want, cmd := range []schemas.Command{first, foreign, sibling} {
		if events := g.must(cmd); events[0].CommandID != cmd.ID || events[0].Seq != int64(want)+3 {
			t.Fatalf("%+v", events[0])
		}
	}
	for want, cmd := range []schemas.Command{first, foreign, sibling} {
		if r := recode(t, g.state).Repeat(cmd); r == nil || r.Seq != int64(want)+3 {
			t.Errorf("%s again: %+v", cmd.ID, r)
		}
	}
	g.checkHistory()
	cost := func(head string) int {
		g := newGame(t)
		before := len(AppendBody(nil, g.state))
		cmd := g.command(schemas.OfferDraw, whiteID, nil)
		cmd.ID = schemas.GameCommandID(head, cmd.ID)
		g.must(cmd)
		return len(AppendBody(nil, g.state)) - before
	}
	if own, other := cost(gameID), cost(foreign.ID); other-own != 12 {
		t.Errorf("a command with the game's prefix costs the row %d bytes, another %d", own, other)
	}
}

// Version 2 of the row format stored whole command IDs.
func TestRowWithWholeCommandIDsIsRead(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(filepath.Join("testdata", "row-of-whole-ids.bin"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "row-of-whole-ids.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := DecodeBody(gameID, schemas.Head{}, body)
	if err != nil {
		t.Fatal(err)
	}
	g := &harness{t: t, state: s, at: s.UpdatedAt, n: s.Seq + 100, events: s.Events(1)}
	var got []byte
	for _, ev := range g.events {
		got = append(append(got, ev.Record().Value...), '\n')
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("rebuilt as\n%s\nwant\n%s", got, want)
	}
	g.play("g1f3")
	g.checkHistory()
	if _, err := DecodeBody(gameID, schemas.Head{}, body[:len(body)-200]); err == nil {
		t.Error("a truncated row was read")
	}
}
