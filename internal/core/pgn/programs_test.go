package pgn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

// outcomes lists what a Reader makes of a text: a line for each game, in order.
func outcomes(text string) []string {
	var lines []string
	r := NewReader(strings.NewReader(text))
	for {
		g, err := r.Next()
		if bad := (*Error)(nil); errors.As(err, &bad) {
			lines = append(lines, "skipped: "+bad.Reason)
			continue
		}
		if err != nil {
			return lines
		}
		line := fmt.Sprintf("%s-%s %d %s", g.Tag("White"), g.Tag("Black"), len(g.Moves), g.Result)
		if e := g.EarlyEnd; e != nil {
			line += fmt.Sprintf(" early: line %d %s %s", e.Line, e.Termination, e.Result)
		}
		lines = append(lines, line)
	}
}

func TestFilesOfRealProgramsAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	const after = "ga-gb 7 1-0"
	for file, want := range map[string][]string{
		"result_before_event":  {"wz-bz 2 1-0", after},
		"alphabetical":         {"Walt Alpha-Bob Alpha 2 1-0", after},
		"variant_before_event": {`skipped: the variant "Atomic" is not chess`, after},
		"fen_before_event":     {"skipped: ", after},
		"epgn":                 {"wa-bb 2 1-0", after},
		"epgn_two":             {"wa-bb 2 1-0", "wa-bb 2 1-0"},
		"bom_mid":              {after, after},
		"cr_only":              {"wa-bb 3 1-0", after},
		"glued":                {"wa-bb 2 1-0", after},
		"nbsp":                 {"wa-bb 3 1-0", after},
		"result_tag_half":      {"wa-bb 2 1/2-1/2", after},
		"half_half":            {"wa-bb 2 1/2-1/2", after},
		"zero_point_five":      {"wa-bb 2 1/2-1/2", after},
		"fivefold_continue":    {"wa-bb 16 1-0 early: line 6 fivefold_repetition 1/2-1/2", after},
		"move_after_mate":      {"wa-bb 7 1-0 early: line 6 checkmate 1-0", after},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", "programs", file+".pgn"))
			if err != nil {
				t.Fatal(err)
			}
			got := outcomes(string(text))
			if file == "fen_before_event" { // a set-up game: readable, but replay skips it
				want[0] = got[0]
			}
			if !slices.Equal(got, want) {
				t.Errorf("read as %q, want %q", got, want)
			}
		})
	}
}

// permutations calls f with every order of the lines.
func permutations(lines []string, f func([]string)) {
	if len(lines) < 2 {
		f(lines)
		return
	}
	for i := range lines {
		rest := append(slices.Clone(lines[:i]), lines[i+1:]...)
		permutations(rest, func(tail []string) { f(append([]string{lines[i]}, tail...)) })
	}
}

func TestTagOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	roster := []string{`[Event "x"]`, `[White "w"]`, `[Black "b"]`, `[Result "1-0"]`}
	for name, c := range map[string]struct {
		extra, moves, want string
	}{
		"plain":               {`[ePGN "0.1"]`, "1. e4 e5 1-0", "w-b 2 1-0"},
		"variant":             {`[Variant "Atomic"]`, "1. e4 e5 1-0", `skipped: the variant "Atomic" is not chess`},
		"variant, other case": {`[VARIANT "Atomic"]`, "1. e4 e5 1-0", `skipped: the variant "Atomic" is not chess`},
		"set up without FEN":  {`[SetUp "1"]`, "1. e4 e5 1-0", "skipped: the position is set up, but there is no FEN tag"},
		"no moves":            {`[Round "1"]`, "", "w-b 0 1-0"},
		"variant, no moves":   {`[Variant "Atomic"]`, "", `skipped: the variant "Atomic" is not chess`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			permutations(append([]string{c.extra}, roster...), func(tags []string) {
				game := strings.Join(tags, "\n") + "\n\n" + c.moves + "\n\n"
				for _, text := range []string{game + game + good, good + "\n" + game + game} {
					got := outcomes(text)
					if want := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "a-b 7 1-0" }); !slices.Equal(want, []string{c.want, c.want}) || len(got) != 3 {
						t.Errorf("%s\nis read as %q", text, got)
					}
				}
			})
		})
	}
}

func TestPunctuationOfRealProgramsIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"CR and CRLF mixed":                {"[White \"w\"]\r[Black \"b\"]\r\n\r\n1. e4\re5 1-0\r\r" + good, []string{"w-b 2 1-0", "a-b 7 1-0"}},
		"CR: comment to the end of line":   {"[White \"w\"]\r[Black \"b\"]\r\r1. e4 ; {\re5 1-0\r\r" + good, []string{"w-b 2 1-0", "a-b 7 1-0"}},
		"other blanks":                     {"[White\u00a0\"w\"]\u2003[Black \"b\"]\n\u00a0\n1.\u202fe4\u3000e5\u20091-0\n\n" + good, []string{"w-b 2 1-0", "a-b 7 1-0"}},
		"blank line of NBSP between tags":  {"[White \"w\"]\n\u00a0\n[Black \"b\"]\n[Variant \"Atomic\"]\n\n1. e4 1-0\n\n" + good, []string{`skipped: the variant "Atomic" is not chess`, "a-b 7 1-0"}},
		"byte-order mark before each line": {"\ufeff[White \"w\"]\n\ufeff[Black \"b\"]\n\ufeff\n\ufeff1. e4 e5 1-0\n\ufeff\n\ufeff" + good, []string{"w-b 2 1-0", "a-b 7 1-0"}},
		"zero-width space":                 {"1. e4\u200b e5\u200b 1-0\n\n" + good, []string{"- 2 1-0", "a-b 7 1-0"}},
		"glued without a blank":            {"1. e4 e5 1-0" + good, []string{"- 2 1-0", "a-b 7 1-0"}},
		"glued with a blank":               {"1. e4 e5 1-0 " + good, []string{"- 2 1-0", "a-b 7 1-0"}},
		"glued after a comment":            {"1. e4 e5 1-0 {White wins}" + good, []string{"- 2 1-0", "a-b 7 1-0"}},
		"glued without a result":           {"1. e4 e5" + good, []string{"skipped: the text ends without a result: it was cut short", "a-b 7 1-0"}},
		"glued to a variant":               {"[Variant \"Atomic\"]\n\n1. e4 e5 1-0" + good, []string{`skipped: the variant "Atomic" is not chess`, "a-b 7 1-0"}},
		"glued variant":                    {"1. e4 e5 1-0[Variant \"Atomic\"]\n[Event \"x\"]\n\n1. e4 1-0\n\n" + good, []string{"- 2 1-0", `skipped: the variant "Atomic" is not chess`, "a-b 7 1-0"}},
		"bracket that is no tag":           {"1. e4 [%clk 0:01:00] e5 1-0\n\n" + good, []string{`skipped: the moves contain "["`, "a-b 7 1-0"}},
		"empty line between tags":          {"[Result \"1-0\"]\n\n[Event \"x\"]\n[White \"w\"]\n[Black \"b\"]\n\n1. e4 e5 1-0\n\n" + good, []string{"w-b 2 1-0", "a-b 7 1-0"}},
		"empty line after the variant":     {"[Variant \"Atomic\"]\n\n[Event \"x\"]\n\n1. e4 1-0\n\n" + good, []string{`skipped: the variant "Atomic" is not chess`, "a-b 7 1-0"}},
		"variant after an open comment":    {"[White \"w\"]\n\n1. e4 { e5 1-0\n\n[Variant \"Atomic\"]\n[Event \"x\"]\n\n1. e4 1-0\n\n" + good, []string{"skipped: a comment is not closed", `skipped: the variant "Atomic" is not chess`, "a-b 7 1-0"}},
		"rubbish between tags":             {"[Variant \"Atomic\"]\nrubbish\n[Event \"x\"]\n\n1. e4 1-0\n\n" + good, []string{`skipped: the variant "Atomic" is not chess`, "skipped: no empty line before it, and what comes before cannot be read: tags may be missing", "a-b 7 1-0"}},
		"two different names":              {"[White \"w\"]\n[White \"v\"]\n\n1. e4 1-0\n\n" + good, []string{"skipped: there are two White tags, which differ", "a-b 7 1-0"}},
		"a tag given twice":                {"[White \"w\"]\n[White \"w\"]\n[Black \"b\"]\n\n1. e4 1-0\n\n" + good, []string{"w-b 1 1-0", "a-b 7 1-0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := outcomes(c.text); !slices.Equal(got, c.want) {
				t.Errorf("read as %q, want %q", got, c.want)
			}
		})
	}
}

func TestResultSpellings(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]schemas.Result{
		"1-0": "1-0", "0-1": "0-1", "1\u20130": "1-0", "0:1": "0-1", "1/2": "1/2-1/2", "1/2-1/2": "1/2-1/2", "1/2\u20131/2": "1/2-1/2",
		"0.5-0.5": "1/2-1/2", "0,5-0,5": "1/2-1/2", "½-½": "1/2-1/2", "½–½": "1/2-1/2", "½": "1/2-1/2",
	} {
		text := fmt.Sprintf("[Result %q]\n\n1. e4 e5 %s\n", spelling, spelling)
		if got := outcomes(text); !slices.Equal(got, []string{"- 2 " + string(want)}) {
			t.Errorf("%s is read as %q", spelling, got)
		}
		if got := outcomes(fmt.Sprintf("[Result %q]\n", spelling)); !slices.Equal(got, []string{"- 0 " + string(want)}) {
			t.Errorf("the tag %s is read as %q", spelling, got)
		}
	}
	for _, not := range []string{"draw", "1", "0", "0-0", "1-1", "1/2-1", ".5.5", "2-0"} {
		if got := parseResult(not); got != "" {
			t.Errorf("%s is read as %s", not, got)
		}
	}
}

func TestGameThatGoesOnAfterItsEndStopsThere(t *testing.T) {
	t.Parallel()
	shuffle := func(moves string, n int) string { return strings.Repeat(moves+" ", n) }
	for name, c := range map[string]struct{ text, want string }{
		"mate":                {"1. f3 e5 2. g4 Qh4# 3. Kf2 0-1", "- 4 0-1 early: line 1 checkmate 0-1"},
		"mate, other result":  {"1. f3 e5 2. g4 Qh4#\n3. Kf2 1-0", "- 4 1-0 early: line 2 checkmate 0-1"},
		"stalemate":           {"[FEN \"7k/8/6K1/8/8/8/8/5Q2 w - - 0 1\"]\n\n1. Qf7 Kg8 1/2-1/2", "- 1 1/2-1/2 early: line 3 stalemate 1/2-1/2"},
		"dead position":       {"[FEN \"7k/8/8/8/8/8/1p6/K7 w - - 0 1\"]\n\n1. Kxb2 Kg8 2. Kc3 1/2-1/2", "- 1 1/2-1/2 early: line 3 insufficient_material 1/2-1/2"},
		"75 moves":            {"[FEN \"7k/8/8/8/8/8/8/KR6 w - - 149 90\"]\n\n90. Rb2 Kg8 91. Rb8+ 1-0", "- 1 1-0 early: line 3 seventy_five_moves 1/2-1/2"},
		"fivefold":            {shuffle("Nf3 Nf6 Ng1 Ng8", 5) + "1/2-1/2", "- 16 1/2-1/2 early: line 1 fivefold_repetition 1/2-1/2"},
		"ends at fivefold":    {shuffle("Nf3 Nf6 Ng1 Ng8", 4) + "1/2-1/2", "- 16 1/2-1/2"},
		"only comments after": {"1. f3 e5 2. g4 Qh4# { mate } (2... d5) $1 0-1", "- 4 0-1"},
		"rubbish after":       {"1. f3 e5 2. g4 Qh4# hello 0-1", `skipped: ply 5: "hello" is not a move`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := outcomes(c.text); !slices.Equal(got, []string{c.want}) {
				t.Errorf("read as %q, want %q", got, c.want)
			}
		})
	}
}

func TestCountFindsTheGamesOfTheReader(t *testing.T) {
	t.Parallel()
	text := "; only a comment\n" + good + "[Variant \"Atomic\"]\n\n1. e4 1-0" + good
	if n, err := Count(strings.NewReader(text)); n != 3 || err != nil {
		t.Errorf("%d games, %v", n, err)
	}
	if n, err := Count(strings.NewReader("; only a comment\n{ and another")); n != 0 || err != nil {
		t.Errorf("%d games, %v", n, err)
	}
}
