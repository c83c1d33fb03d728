package main

import (
	"regexp"
	"slices"
	"strings"

	"tabiya/internal/core/rules"
)

// kind is a property of games of which the sample has a number at least, or all
// of the export if there are fewer.
type kind struct {
	name string
	want int
	is   func(sourceGame) bool
}

// all is more games than an export has.
const all = 1 << 30

// sampleKinds cover the ways games end, then what is awkward to read or play.
var sampleKinds = []kind{
	{"checkmate", 10, func(g sourceGame) bool { return g.final.Status() == rules.Checkmate }},
	{"stalemate", all, func(g sourceGame) bool { return g.final.Status() == rules.Stalemate }},
	{"insufficient material", all, func(g sourceGame) bool { return g.final.Status() == rules.Insufficient }},
	{"repetition", 8, repeats},
	{"agreement", 8, func(g sourceGame) bool {
		return g.drawn() && !g.onTime() && g.final.Status() == rules.None && !repeats(g)
	}},
	{"resignation", 10, func(g sourceGame) bool { return strings.HasSuffix(g.ending, " resigns") }},
	{"time forfeit", 12, func(g sourceGame) bool { return g.onTime() && !g.drawn() }},
	{"time against insufficient material", all, func(g sourceGame) bool { return g.onTime() && g.drawn() }},
	{"a player left", all, func(g sourceGame) bool { return strings.HasSuffix(g.ending, " left the game") }},
	{"no ending said", 4, func(g sourceGame) bool { return g.ending == "" }},

	{"fewer than 3 plies", all, func(g sourceGame) bool { return len(g.Moves) < 3 }},
	{"set-up position", 8, func(g sourceGame) bool { return g.StartFEN != rules.StartFEN }},
	{"a move without a clock", 6, func(g sourceGame) bool { return slices.Contains(g.ClocksCs, -1) }},
	{"underpromotion", all, func(g sourceGame) bool { return plays(g, `=[RBN]`) }},
	{"both castle on the queen's side", 3, func(g sourceGame) bool { return castles(g, "O-O-O") == 2 }},
	{"draw offer", 4, holds(` offers draw`)},
	{"variation in brackets", 4, holds(`\} \(`)},
	{"mate announced", 4, holds(`%eval #`)},
	{"letters beyond ASCII in a tag", 4, holds(`(?m)^\[.*[^\x00-\x7f]`)},
	{"no engine's opinion", 6, func(g sourceGame) bool { return !strings.Contains(g.text, "%eval") }},
	{"increment", 3, holds(`TimeControl "\d+\+[1-9]`)},
	{"15 seconds each", 3, holds(`TimeControl "15\+0"`)},
	{"30 minutes each", 1, holds(`TimeControl "1800\+`)},
	{"more than 200 plies", all, func(g sourceGame) bool { return len(g.Moves) > 200 }},
}

// firstTryKinds make a small file that ends in the common ways.
var firstTryKinds = []kind{
	{"checkmate", 2, whole(func(g sourceGame) bool { return g.final.Status() == rules.Checkmate })},
	{"stalemate", 1, whole(func(g sourceGame) bool { return g.final.Status() == rules.Stalemate })},
	{"repetition", 1, whole(repeats)},
	{"resignation", 2, whole(func(g sourceGame) bool { return strings.HasSuffix(g.ending, " resigns") })},
	{"time forfeit", 1, whole(func(g sourceGame) bool { return g.onTime() && !g.drawn() })},
}

// whole narrows a kind to games from the usual position that are not over
// before they have begun.
func whole(is func(sourceGame) bool) func(sourceGame) bool {
	return func(g sourceGame) bool { return g.StartFEN == rules.StartFEN && len(g.Moves) > 20 && is(g) }
}

func repeats(g sourceGame) bool { return g.drawn() && g.repeated >= 3 }

func holds(pattern string) func(sourceGame) bool {
	compiled := regexp.MustCompile(pattern)
	return func(g sourceGame) bool { return compiled.MatchString(g.text) }
}

func plays(g sourceGame, pattern string) bool {
	return regexp.MustCompile(pattern).MatchString(strings.Join(g.SANs, " "))
}

func castles(g sourceGame, san string) (times int) {
	for _, played := range g.SANs {
		if strings.TrimRight(played, "+#") == san {
			times++
		}
	}
	return times
}

// choose takes the shortest games of each kind, then the shortest of the others
// while they fit into maxBytes. The games stay in the export's order.
func choose(games []sourceGame, kinds []kind, maxBytes int) []sourceGame {
	byLength := slices.Clone(games)
	slices.SortStableFunc(byLength, func(a, b sourceGame) int { return len(a.moveText) - len(b.moveText) })
	chosen, size := map[int]bool{}, 0
	take := func(g sourceGame) {
		if !chosen[g.Number] {
			chosen[g.Number] = true
			size += len(g.text)
		}
	}
	for _, k := range kinds {
		found := 0
		for _, g := range byLength {
			if found < k.want && k.is(g) {
				take(g)
				found++
			}
		}
	}
	for _, g := range byLength {
		if size+len(g.text) <= maxBytes {
			take(g)
		}
	}
	return slices.DeleteFunc(slices.Clone(games), func(g sourceGame) bool { return !chosen[g.Number] })
}
