package game

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tabiya/schemas"
)

// A row keeps half of a client's command id. Ids that have one half alike are
// still different ids.
func TestIDsThatHaveOneHalfAlike(t *testing.T) {
	t.Parallel()
	g := newTable(t)
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
		g := newTable(t)
		before := len(AppendBody(nil, g.state))
		cmd := g.command(schemas.OfferDraw, whiteID, nil)
		cmd.ID = schemas.GameCommandID(head, cmd.ID)
		g.must(cmd)
		return len(AppendBody(nil, g.state)) - before
	}
	if own, other := cost(gameID), cost(foreign.ID); other-own != 12 {
		t.Errorf("a command costs the row %d bytes, one of a processor %d", own, other)
	}
}

// A row with whole ids was written by the code before.
func TestARowOfWholeIDsIsRead(t *testing.T) {
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
	g := &table{t: t, state: s, at: s.UpdatedAt, n: s.Seq + 100, events: s.Events(1)}
	var got []byte
	for _, ev := range g.events {
		got = append(append(got, ev.Record().Value...), '\n')
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("made again as\n%s\nwant\n%s", got, want)
	}
	g.play("g1f3")
	g.checkHistory()
	if _, err := DecodeBody(gameID, schemas.Head{}, body[:len(body)-200]); err == nil {
		t.Error("a row that is cut short was read")
	}
}
