package main

import (
	"io"
	"strings"
	"testing"

	"tabiya/internal/gamestest"
)

const export = `[Event "Rated blitz game"]
[Site "https://lichess.org/abcdefgh"]
[White "Some_Handle"]
[Black "other-handle"]
[Result "1-0"]
[Termination "Normal"]

1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5 { [%clk 0:03:00] } { Black resigns. } (1... c5) 1-0

[Event "GM Some_Handle vs friends simul"]
[Site "https://lichess.org/ijklmnop"]
[White "other-handle"]
[Black "Some_Handle"]
[Result "1/2-1/2"]
[Termination "Time forfeit"]

1. d4 1/2-1/2
`

const sampled = `[Event "Rated blitz game"]
[Site "https://lichess.org"]
[White "Player 001"]
[Black "Player 002"]
[Result "1-0"]
[Termination "Normal"]

1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5 { [%clk 0:03:00] } { Black resigns. } (1... c5) 1-0

[Event "Simultaneous exhibition"]
[Site "https://lichess.org"]
[White "Player 002"]
[Black "Player 001"]
[Result "1/2-1/2"]
[Termination "Time forfeit"]

1. d4 1/2-1/2

`

func TestSampleReplacesNamesAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	files, err := sample(export, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if got := files["lichess.pgn"]; got != sampled {
		t.Errorf("%s", got)
	}
}

func TestSampleRefusedWithANameInAComment(t *testing.T) {
	t.Parallel()
	_, err := sample(strings.Replace(export, "{ Black resigns. }", "{ Well played, some_handle }", 1), 10_000)
	if err == nil || !strings.Contains(err.Error(), `"Some_Handle"`) {
		t.Errorf("%v", err)
	}
}

// The export is not in the repository, but the games that were chosen from it
// are, and from those alone the program chooses the same.
func TestSampleOfTheSampleIsTheSample(t *testing.T) {
	t.Parallel()
	carried := read(t, gamestest.Sample)
	export := strings.NewReplacer(
		`"Player `, `"Handle_`, "https://lichess.org", "https://lichess.org/abcdefgh", "Simultaneous exhibition", "Handle_001's simul",
	).Replace(carried)
	compare(t, export)
}

func TestSampleOfTheExportIsInTheRepository(t *testing.T) {
	t.Parallel()
	if !gamestest.Export.Exists(t) {
		return // it may lie beside the project; the test above needs nothing there
	}
	compare(t, read(t, gamestest.Export))
}

func compare(t *testing.T, export string) {
	t.Helper()
	files, err := sample(export, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []gamestest.File{gamestest.Sample, gamestest.FirstTry} {
		if files[f.Name] != read(t, f) {
			t.Errorf("%s is not what samplegames makes", f.Name)
		}
	}
}

func read(t *testing.T, f gamestest.File) string {
	t.Helper()
	text, err := io.ReadAll(f.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
