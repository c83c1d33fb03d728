package pgn

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

func finished(g Game) *schemas.GameOver {
	return &schemas.GameOver{
		White: schemas.Seated{Handle: g.Tag("White"), Rating: 2655.4}, Black: schemas.Seated{Handle: g.Tag("Black"), Rating: 2785.5},
		TimeControl: schemas.TimeControl{InitialCs: 18000, IncrementCs: 250}, Speed: schemas.Blitz, Rated: true, StartFEN: g.StartFEN,
		CreatedAt: 1_733_565_279_000, EndedAt: 1_733_565_879_000, Result: g.Result, Termination: schemas.Resignation,
		Plies: len(g.Moves), Moves: g.Moves, ClocksCs: g.ClocksCs, FEN: g.FEN,
	}
}

func TestWrittenGamesAreReadBack(t *testing.T) {
	t.Parallel()
	games, _ := readAll(t, gamestest.Sample.Open(t))
	if len(games) != gamestest.Sample.Games {
		t.Fatalf("%d games, want %d", len(games), gamestest.Sample.Games)
	}
	var text []byte
	for _, g := range games {
		over := finished(g)
		for i := range over.ClocksCs {
			over.ClocksCs[i] += int64(i % 100)
		}
		var err error
		if text, err = Append(text, "0190b3a1-0000-7000-8000-000000000001", over, Changes{}); err != nil {
			t.Fatal(err)
		}
		text = append(text, '\n')
	}
	for line := range bytes.Lines(text) {
		if len(line) > 81 && line[0] != '[' {
			t.Fatalf("a line of %d bytes: %s", len(line), line)
		}
	}
	again, broken := readAll(t, bytes.NewReader(text))
	if len(broken) > 0 || len(again) != len(games) {
		t.Fatalf("%d games, %v", len(again), broken)
	}
	for i, g := range games {
		a := again[i]
		if !reflect.DeepEqual(a.Moves, g.Moves) || !reflect.DeepEqual(a.ClocksCs, g.ClocksCs) || a.Result != g.Result || a.FEN != g.FEN || a.Tag("White") != g.Tag("White") {
			t.Fatalf("game %d was read back as %+v", i+1, a)
		}
	}
}

func TestAppendWritesTagsAndClocks(t *testing.T) {
	t.Parallel()
	over := finished(Game{StartFEN: rules.StartFEN, Moves: []string{"e2e4", "e7e5"}, ClocksCs: []int64{18000, 17950}, Result: schemas.WhiteWins})
	over.White.Handle, over.Termination = "a \"b\" \\ \n]\xff", schemas.TimeForfeit
	white, black := 5.6, 0.0
	got, err := Append(nil, "ID", over, Changes{&white, &black})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[Event "Rated blitz game"]
[Site "Tabiya"]
[Date "2024.12.07"]
[Round "-"]
[White "a \"b\" \\  ]?"]
[Black ""]
[Result "1-0"]
[GameId "ID"]
[UTCDate "2024.12.07"]
[UTCTime "09:54:39"]
[WhiteElo "2655"]
[BlackElo "2786"]
[WhiteRatingDiff "+6"]
[BlackRatingDiff "+0"]
[TimeControl "180+2.5"]
[Termination "Time forfeit"]

1. e4 { [%clk 0:03:00] } 1... e5 { [%clk 0:02:59.50] } 1-0
`
	if string(got) != want {
		t.Errorf("%s", got)
	}
	for termination, tag := range map[schemas.Termination]string{schemas.FirstMoveExpired: "Abandoned", schemas.Abandoned: "Abandoned", schemas.Agreement: "Normal", schemas.TimeVsInsufficient: "Time forfeit"} {
		if terminationTag(termination) != tag {
			t.Errorf("%s is written as %s", termination, terminationTag(termination))
		}
	}
}

func TestAppendWithoutClocksAndWithoutMoves(t *testing.T) {
	t.Parallel()
	over := finished(Game{StartFEN: "4k3/8/8/8/8/8/4P3/4K3 b - - 0 7", Moves: []string{"e8e7", "e2e4", "e7e6"}, Result: schemas.Draw})
	got, err := Append(nil, "ID", over, Changes{})
	if err != nil || !strings.HasSuffix(string(got), "[SetUp \"1\"]\n[FEN \"4k3/8/8/8/8/8/4P3/4K3 b - - 0 7\"]\n\n7... Ke7 8. e4 Ke6 1/2-1/2\n") {
		t.Errorf("%v %s", err, got)
	}
	over = finished(Game{StartFEN: rules.StartFEN, Result: schemas.NoResult})
	if got, err = Append(nil, "ID", over, Changes{}); err != nil || !strings.HasSuffix(string(got), "]\n\n*\n") {
		t.Errorf("%v %s", err, got)
	}
	over.Moves = []string{"e2e5"}
	if _, err = Append(nil, "ID", over, Changes{}); err == nil {
		t.Error("an illegal move was written")
	}
}
