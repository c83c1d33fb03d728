package game

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tabiya/schemas"
)

// lagged plays a move for which the service measured that lag.
func (g *harness) lagged(uci string, lagCs int64) schemas.Clock {
	g.t.Helper()
	events := g.must(g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: uci, LagCs: lagCs}))
	p, ok := events[0].Payload.(*schemas.MoveMadePayload)
	if !ok {
		g.t.Fatalf("%s ended the game: %s", uci, events[0].Type)
	}
	return p.Clock
}

func TestLagIsCompensatedAndRecorded(t *testing.T) {
	t.Parallel()
	g := newGame(t)
	g.playAll("e2e4 e7e5")
	g.at += 4000
	if got := g.lagged("g1f3", 25); got != (schemas.Clock{WhiteCs: 30000 - 375 + 300, BlackCs: 30000, ElapsedCs: 400, ChargedCs: 375, CompensatedCs: 25}) {
		t.Fatalf("%+v", got)
	}
	g.at += 100
	if got := g.lagged("b8c6", 25); got.ChargedCs != 0 || got.CompensatedCs != 10 {
		t.Fatalf("compensated more than elapsed: %+v", got)
	}
	g.at += 90_000
	if got := g.lagged("f1b5", 1<<40); got.CompensatedCs != 300-25+100 {
		t.Fatalf("compensated more than the bank holds: %+v", got)
	}
	g.at += 1000
	if got := g.lagged("a7a6", -7); got.CompensatedCs != 0 || got.ChargedCs != 100 {
		t.Fatalf("%+v", got)
	}
	g.checkHistory()
}

func TestMoveInFlightAtDeadlineIsAcceptedWithinLagBank(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		late  schemas.Time // after the deadline
		lagCs int64
		flag  bool
	}{
		{"no lag", 0, 0, true},
		{"too little lag", 500, 50, true},
		{"enough lag", 500, 60, false},
		{"as late as can be", 1999, 300, false},
		{"past the grace", 2000, 300, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGame(t)
			g.playAll("e2e4 e7e5 g1f3")
			g.at = g.state.Deadline() + c.late
			if c.flag {
				end(t, g, g.must(g.command(schemas.PlayMove, blackID, &schemas.PlayMovePayload{UCI: "b8c6", LagCs: c.lagCs})),
					schemas.GameTimeout, schemas.WhiteWins, schemas.TimeForfeit)
				return
			}
			if got := g.lagged("b8c6", c.lagCs); got.BlackCs < 1+blitz.IncrementCs {
				t.Fatalf("%+v", got)
			}
			g.checkHistory()
		})
	}
}

// Version 1 of the row format had no lag banks. Such a row is read, its events are
// rebuilt unchanged, and its game can go on.
func TestRowWithoutLagBanksIsRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"live", "ended"} {
		body, err := os.ReadFile(filepath.Join("testdata", "row-without-banks-"+name+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata", "row-without-banks-"+name+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := DecodeBody(gameID, schemas.Head{}, body)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		g := &harness{t: t, state: s, at: s.UpdatedAt, n: s.Seq}
		for _, ev := range s.Events(1) {
			got = append(append(got, ev.Record().Value...), '\n')
			g.events = append(g.events, ev)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s: rebuilt as\n%s\nwant\n%s", name, got, want)
		}
		if s.Over() {
			continue
		}
		g.at += 1000
		if c := g.lagged("b5a4", 25); c.CompensatedCs != 25 || g.state.Clock.WhiteBank != 375 {
			t.Fatalf("%+v %+v", c, g.state.Clock)
		}
		g.checkHistory()
	}
}

func TestRowBytesSpentOnLag(t *testing.T) {
	t.Parallel()
	size := func(lagCs int64) int {
		g := newGame(t)
		for _, uci := range []string{"e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6", "e1g1", "f8e7"} {
			g.at += 9000
			g.lagged(uci, lagCs)
		}
		return len(AppendBody(nil, g.state))
	}
	plain := size(0)
	if got := size(5) - plain; got != 8 {
		t.Errorf("8 moves with little lag cost %d bytes", got)
	}
	if got := size(200) - plain; got > 16 {
		t.Errorf("8 moves with much lag cost %d bytes", got)
	}
}
