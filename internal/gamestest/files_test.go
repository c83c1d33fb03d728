package gamestest_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

// maxBytes bounds what the games add to a clone.
const maxBytes = 600_000

func TestGamesInTheRepositoryAreSmallAndDescribed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(gamestest.Root(t), "testdata", "games")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"README.md": true}
	for _, f := range gamestest.Files(t) {
		if f.Carried() {
			known[f.Name] = true
		}
	}
	var size int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
		if !known[e.Name()] {
			t.Errorf("no test reads %s", e.Name())
		}
		if e.Name() != "README.md" && !strings.Contains(string(readme), "`"+e.Name()+"`") {
			t.Errorf("the README does not describe %s", e.Name())
		}
	}
	if size > maxBytes {
		t.Errorf("the games take %d bytes, want %d at most", size, maxBytes)
	}
}

// The other tests only mean something if every kind of ending and every form
// that is hard to read occurs.
func TestGamesInTheRepositoryHaveEveryEndingAndForm(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, f := range []gamestest.File{gamestest.Sample, gamestest.ByHand} {
		for r := pgn.NewReader(f.Open(t)); ; {
			g, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			count(t, seen, g)
		}
		text, err := os.ReadFile(f.Path(t))
		if err != nil {
			t.Fatal(err)
		}
		for name, form := range forms {
			seen[name] += len(form.FindAll(text, -1))
		}
	}
	t.Logf("%v", seen)
	for name, least := range map[string]int{
		"games": 200, "checkmate": 20, "stalemate": 5, "insufficient material": 10, "threefold repetition": 10,
		"fivefold repetition": 1, "fifty moves": 1, "seventy-five moves": 1, "agreement": 5, "resignation": 100,
		"time forfeit": 10, "time against insufficient material": 5, "a player left": 3, "Abandoned": 1,
		"no ply": 4, "1 or 2 plies": 2, "more than 200 plies": 2, "set-up position": 10, "underpromotion": 2,
		"evaluation and clock": 1000, "mate in n": 50, "opening name between moves": 50, "variation": 100,
		"draw offer": 4, "letters beyond ASCII in a tag": 4,
	} {
		if seen[name] < least {
			t.Errorf("%s: %d times, want %d at least", name, seen[name], least)
		}
	}
}

var forms = map[string]*regexp.Regexp{
	"resignation":                   regexp.MustCompile(`\{ (White|Black) resigns\. \}`),
	"a player left":                 regexp.MustCompile(`\{ (White|Black) left the game\. \}`),
	"evaluation and clock":          regexp.MustCompile(`\{ \[%eval -?[\d.]+\] \[%clk \d:\d\d:\d\d\] \}`),
	"mate in n":                     regexp.MustCompile(`\[%eval #`),
	"opening name between moves":    regexp.MustCompile(`\} \{ [A-E]\d\d [A-Z][^{}]* \} \d+\.`),
	"variation":                     regexp.MustCompile(`\} \(`),
	"draw offer":                    regexp.MustCompile(`offers draw`),
	"letters beyond ASCII in a tag": regexp.MustCompile(`(?m)^\[\w+ ".*[^\x00-\x7f].*"\]$`),
}

func count(t *testing.T, seen map[string]int, g pgn.Game) {
	t.Helper()
	p, err := rules.ParseFEN(g.StartFEN)
	if err != nil {
		t.Fatal(err)
	}
	positions := map[uint64]int{p.Key(): 1}
	for _, uci := range g.Moves {
		if p, _, err = p.Play(uci); err != nil {
			t.Fatal(err)
		}
		positions[p.Key()]++
	}
	times, onTime, drawn := positions[p.Key()], g.Termination == "Time forfeit", g.Result == schemas.Draw
	onBoard := p.Status() != rules.None || times >= 3 || p.HalfmoveClock() >= 100
	for name, is := range map[string]bool{
		"games":                              true,
		"checkmate":                          p.Status() == rules.Checkmate,
		"stalemate":                          p.Status() == rules.Stalemate,
		"insufficient material":              p.Status() == rules.Insufficient,
		"threefold repetition":               drawn && times >= 3,
		"fivefold repetition":                drawn && times == 5,
		"fifty moves":                        drawn && p.HalfmoveClock() >= 100 && p.HalfmoveClock() < 150,
		"seventy-five moves":                 drawn && p.HalfmoveClock() == 150,
		"agreement":                          drawn && !onBoard && !onTime,
		"time forfeit":                       onTime && !drawn,
		"time against insufficient material": onTime && drawn,
		"Abandoned":                          g.Termination == "Abandoned",
		"no ply":                             len(g.Moves) == 0,
		"1 or 2 plies":                       len(g.Moves) == 1 || len(g.Moves) == 2,
		"more than 200 plies":                len(g.Moves) > 200,
		"set-up position":                    g.StartFEN != rules.StartFEN,
		"underpromotion":                     regexp.MustCompile(`=[RBN]`).MatchString(strings.Join(g.SANs, " ")),
	} {
		if is {
			seen[name]++
		}
	}
}

func TestGamesInTheRepositoryNameNobody(t *testing.T) {
	t.Parallel()
	invented := regexp.MustCompile(`^Player \d{3}$`)
	for _, f := range []gamestest.File{gamestest.Sample, gamestest.FirstTry} {
		for r, read := pgn.NewReader(f.Open(t)), 0; ; read++ {
			g, err := r.Next()
			if errors.Is(err, io.EOF) {
				if read != f.Games {
					t.Errorf("%s: %d games, want %d", f.Name, read, f.Games)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, tag := range []string{"White", "Black"} {
				if !invented.MatchString(g.Tag(tag)) {
					t.Errorf("%s, line %d: %s is %q", f.Name, g.Line, tag, g.Tag(tag))
				}
			}
			if g.Tag("Site") != "https://lichess.org" {
				t.Errorf("%s, line %d: Site is %q", f.Name, g.Line, g.Tag("Site"))
			}
		}
	}
}
