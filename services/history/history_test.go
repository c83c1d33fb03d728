package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tabiya/internal/core/pgn"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

func ids(games []gameView) (all []string) {
	for _, g := range games {
		all = append(all, g.ID)
	}
	return all
}

func TestGameAsJSONAndPGN(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	g := randomGames(rand.New(rand.NewPCG(1, 1)), schemas.NewID(), 1)[0]
	next := schemas.NewID()
	g.Rematch = &next
	white, black := 7.25, -6.5
	g.Changes = pgn.Changes{White: &white, Black: &black}
	save(t, pool, []finished{g})

	var got gameView
	rig.read("/v1/history/games/"+g.ID, &got)
	want, _ := json.Marshal(viewOf(g))
	if have, _ := json.Marshal(got); !bytes.Equal(have, want) || got.Rematch == nil || *got.Rematch != next {
		t.Fatalf("%s\nwant %s", have, want)
	}
	resp, text := rig.get("/v1/history/games/"+g.ID, mediaPGN)
	if resp.Header.Get("Content-Type") != mediaPGN || resp.Header.Get("Vary") != "Accept" {
		t.Fatalf("%v", resp.Header)
	}
	read, err := pgn.NewReader(bytes.NewReader(text)).Next()
	if err != nil || !slices.Equal(read.Moves, g.Moves) || read.Result != g.Result || !slices.Equal(read.ClocksCs, g.ClocksCs) || read.Tag("GameId") != g.ID ||
		!strings.HasPrefix(read.Tag("WhiteRatingDiff"), "+") || !strings.HasPrefix(read.Tag("BlackRatingDiff"), "-") {
		t.Fatalf("%v\n%s", err, text)
	}

	rig.wantRefused(schemas.CodeGameNotFound, "/v1/history/games/"+schemas.NewID(), "")
	rig.wantRefused(schemas.CodeGameNotFound, "/v1/history/games/..%00", "")
	rig.wantRefused(schemas.CodeNotAcceptable, "/v1/history/games/"+g.ID, "text/html")
	rig.wantRefused(schemas.CodeUnauthenticated, "/v1/history/games/"+g.ID, "", "Authorization", "Bearer nonsense")
	expired, _, err := rig.signer.Player(schemas.NewID(), time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	rig.wantRefused(schemas.CodeTokenExpired, "/v1/history/games/"+g.ID, "", "Authorization", "Bearer "+expired)
}

func TestPlayed(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	g := randomGames(rand.New(rand.NewPCG(1, 2)), schemas.NewID(), 1)[0]
	save(t, pool, []finished{g})
	if at, _, ok, err := rig.Played(t.Context(), g.ID); err != nil || !ok || !at.Equal(g.CreatedAt.Std()) {
		t.Errorf("%v %t %v, want %v", at, ok, err, g.CreatedAt.Std())
	}
	if at, _, ok, err := rig.Played(t.Context(), schemas.NewID()); err != nil || ok {
		t.Errorf("unknown game: %v %t %v", at, ok, err)
	}
	pool.Close()
	if _, _, ok, err := rig.Played(t.Context(), g.ID); err == nil || ok {
		t.Errorf("without the database: %t %v", ok, err)
	}
}

func TestPagesAndStreamsHoldEveryGameOnce(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	r := rand.New(rand.NewPCG(7, 7))
	games := randomGames(r, playerID, 300)
	save(t, pool, games)
	save(t, pool, randomGames(r, schemas.NewID(), 20)) // of another player
	path := "/v1/history/players/" + playerID + "/games"

	var whole pageView
	if rig.read(path, &whole); len(whole.Games) != defaultLimit || whole.Next == "" {
		t.Fatalf("%d games, next %q", len(whole.Games), whole.Next)
	}
	for _, tc := range []struct {
		filter string
		keep   func(finished) bool
	}{
		{"", func(finished) bool { return true }},
		{"&speed=blitz", func(g finished) bool { return g.Speed == schemas.Blitz }},
		{"&color=white", func(g finished) bool { return g.White.PlayerID == playerID }},
		{"&result=win", func(g finished) bool { return outcome(g, g.White.PlayerID == playerID) == "win" }},
		{"&result=loss&color=black", func(g finished) bool { return g.Black.PlayerID == playerID && outcome(g, false) == "loss" }},
		{"&opponent=" + games[0].White.PlayerID, func(g finished) bool {
			return g.White.PlayerID != playerID && g.White.PlayerID == games[0].White.PlayerID || g.Black.PlayerID == games[0].White.PlayerID && g.Black.PlayerID != playerID
		}},
		{"&since=2026-02-01&until=2026-02-05T12:00:00Z", func(g finished) bool {
			at := g.EndedAt.Std()
			return !at.Before(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) && at.Before(time.Date(2026, 2, 5, 12, 0, 0, 0, time.UTC))
		}},
		{"&since=2026-02-10&speed=bullet&result=draw", func(g finished) bool {
			return !g.EndedAt.Std().Before(time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC)) && g.Speed == schemas.Bullet && g.Result == schemas.Draw
		}},
		{"&until=2020-01-01", func(finished) bool { return false }},
	} {
		var want, got []string
		for _, g := range games {
			if tc.keep(g) {
				want = append(want, g.ID)
			}
		}
		for next := ""; ; {
			var page pageView
			rig.read(path+"?limit=7"+tc.filter+next, &page)
			got = append(got, ids(page.Games)...)
			if page.Next == "" {
				break
			}
			if len(page.Games) != 7 {
				t.Fatalf("%s: a page of %d games has a cursor", tc.filter, len(page.Games))
			}
			next = "&cursor=" + page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %d games, want %d", tc.filter, len(got), len(want))
		}
		_, text := rig.get(path+"?"+strings.TrimPrefix(tc.filter, "&"), mediaNDJSON)
		var streamed []string
		for line := bufio.NewScanner(bytes.NewReader(text)); line.Scan(); {
			openapitest.ValidateAs(t, "FinishedGame", line.Bytes())
			var g gameView
			if err := json.Unmarshal(line.Bytes(), &g); err != nil {
				t.Fatal(err)
			}
			streamed = append(streamed, g.ID)
		}
		if !slices.Equal(streamed, want) {
			t.Errorf("%q: %d games streamed, want %d", tc.filter, len(streamed), len(want))
		}
	}

	_, text := rig.get(path, mediaPGN)
	reader := pgn.NewReader(bytes.NewReader(text))
	for i, want := range games {
		g, err := reader.Next()
		if broken := new(pgn.Error); errors.As(err, &broken) && want.Result == schemas.NoResult {
			err = nil // the reader rejects aborted games
		}
		if err != nil || g.Tag("GameId") != want.ID {
			t.Fatalf("game %d is %s: %v", i, g.Tag("GameId"), err)
		}
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, text := rig.get(path+"?limit=3", mediaNDJSON); bytes.Count(text, []byte("\n")) != 3 {
		t.Fatalf("%s", text)
	}
	var none pageView
	if rig.read("/v1/history/players/"+schemas.NewID()+"/games", &none); none.Games == nil || len(none.Games) != 0 || none.Next != "" {
		t.Fatalf("%+v", none)
	}
}
