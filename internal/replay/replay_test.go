package replay

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/core/pgn"
	"tabiya/schemas"
)

// fewGames end in every way that a PGN file can express. Three cannot be played.
const fewGames = `
[Event "mate"]
[White "Müller, Äöü"]
[Black "x"]
[Result "0-1"]

1. f3 e5 2. g4 Qh4# 0-1

[Event "resignation"]
[White "A Very Long Name, Longer Than Any Handle"]
[Black "x"]
[Result "1-0"]

1. e4 e5 2. Nf3 1-0

[Event "agreement"]
[White "!!!"]
[Black "x"]
[Result "1/2-1/2"]

1. d4 { a comment } d5 (1... Nf6 2. c4) 2. c4 1/2-1/2

[Event "on time, after one ply"]
[White "y"]
[Black "x"]
[Result "1-0"]
[Termination "Time forfeit"]

1. e4 1-0

[Event "no moves"]
[White "y"]
[Black "x"]
[Result "0-1"]

[Event "illegal"]
[White "y"]
[Black "x"]
[Result "0-1"]

1. e4 e5 2. Ke3 0-1

[Event "set up"]
[SetUp "1"]
[FEN "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"]
[Result "1-0"]

1. e4 1-0

[Event "no result"]
[White "y"]
[Black "x"]
[Result "*"]

1. e4 *
`

func replayed(t *testing.T, f *fake, change func(*Config)) *Report {
	t.Helper()
	return replayedText(t, f, fewGames, change)
}

func replayedText(t *testing.T, f *fake, games string, change func(*Config)) *Report {
	t.Helper()
	cfg := Config{
		URL: f.start(), ServiceToken: "service", Concurrency: 3, Patience: 10 * time.Second,
		TimeControl: schemas.TimeControl{InitialCs: 100}, Pools: []string{"5+0"},
	}
	if change != nil {
		change(&cfg)
	}
	report, err := Run(t.Context(), cfg, strings.NewReader(games))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.Print(&text); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	return report
}

func wantClean(t *testing.T, r *Report) {
	t.Helper()
	if r.Err() != nil || r.games != 5 || r.plies != 4+3+3+1 || r.skipped.count != 3 || r.timeForfeits != 1 {
		t.Errorf("%d games, %d plies, %d skipped, %d on time; %v", r.games, r.plies, r.skipped.count, r.timeForfeits, r.Err())
	}
}

func TestReplayPlaysEveryPlayableGameWithoutMismatch(t *testing.T) {
	t.Parallel()
	wantClean(t, replayed(t, newFake(t), nil))
}

func TestReportNamesPlaceAndReasonOfSkippedGames(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := replayed(t, newFake(t), nil).Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"game 6, line", "game 7, line", "set-up position", "game 8, line", "no result"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestReplayRepeatsRequestsWhenServerIsUnavailableOrAnswersAreLost(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.fault = func(call int, _ *http.Request) fault { return []fault{none, answerLost, unavailable}[call%3] }
	r := replayed(t, f, nil)
	wantClean(t, r)
	if r.repeatedRequests == 0 {
		t.Error("no request was repeated")
	}
}

func TestReplayRestartsGameAbortedBeforeItsFirstMove(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.expire = 2
	r := replayed(t, f, nil)
	// One of the aborted games may be the one without moves, which needs no restart.
	if wantClean(t, r); r.restarted < 1 {
		t.Error("no game was restarted")
	}
}

func TestReplayReportsMismatchWhenHistoryLostOrChangedAGame(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(*fakeGame){
		"a move is missing": func(g *fakeGame) { g.moves = g.moves[:max(0, len(g.moves)-1)] },
		"a different move": func(g *fakeGame) {
			g.moves = append([]string{"a2a3"}, g.moves[min(1, len(g.moves)):]...)[:len(g.moves)]
		},
		"another result": func(g *fakeGame) { g.result = schemas.NoResult },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.alterHistory = alter
			if r := replayed(t, f, nil); !errors.Is(r.Err(), ErrDiffers) || r.mismatches.count < 3 {
				t.Errorf("%d mismatches", r.mismatches.count)
			}
		})
	}
}

func TestReplayReportsRefusalWhenServerForgotAnsweredMove(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var dropped atomic.Bool
	f.fault = func(_ int, r *http.Request) fault {
		if strings.HasSuffix(r.URL.Path, "/moves") && !dropped.Swap(true) {
			g := f.games[r.PathValue("id")]
			key := fmt.Sprint(r.Header.Get("Authorization"), r.URL.Path, r.Header.Get("Idempotency-Key"))
			f.answers[key] = fmt.Appendf(nil, `{"id":%q,"ply":1,"result":"*"}`, g.id) // without playing the move
		}
		return none
	}
	if r := replayed(t, f, nil); !errors.Is(r.Err(), ErrRefused) || r.refused.count != 1 {
		t.Errorf("%d refused", r.refused.count)
	}
}

func TestReplayViaQueuePlaysTheFilesMovesWithNewAccountsPerGame(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	wantClean(t, replayed(t, f, func(c *Config) { c.ViaQueue, c.ServiceToken = true, "" }))
	if len(f.matches) != 2*5 {
		t.Errorf("%d accounts for 5 games", len(f.matches))
	}
}

func TestReplayRegistersTwoAccountsWhenNamesAreEqualOrMissing(t *testing.T) {
	t.Parallel()
	const moves = "[Result \"0-1\"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n"
	for name, tags := range map[string]string{
		"no names":     "",
		"unknown":      "[White \"?\"]\n[Black \"?\"]\n",
		"equal names":  "[White \"Ju, Wenjun\"]\n[Black \"Ju, Wenjun\"]\n",
		"equal slugs":  "[White \"Müller\"]\n[Black \"Möller\"]\n",
		"long names":   "[White \"Charkhalashvili, Inga\"]\n[Black \"Charkhalashvili, Ana\"]\n",
		"case differs": "[White \"ju\"]\n[Black \"JU\"]\n",
	} {
		for _, viaQueue := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, queue %v", name, viaQueue), func(t *testing.T) {
				t.Parallel()
				f := newFake(t)
				r := replayedText(t, f, "[Event \"x\"]\n"+tags+moves, func(c *Config) { c.ViaQueue, c.Patience = viaQueue, 2*time.Second })
				if r.Err() != nil || r.games != 1 || len(f.handles) != 2 {
					t.Errorf("%d games, accounts %v: %v", r.games, f.handles, r.Err())
				}
			})
		}
	}
}

func TestReplayCountsGamesThatEndedEarlierThanTheFileApart(t *testing.T) {
	t.Parallel()
	fivefold := "[White \"a\"]\n[Black \"b\"]\n\n" + strings.Repeat("Nf3 Nf6 Ng1 Ng8 ", 4) + "\ne4 "
	for name, c := range map[string]struct {
		text       string
		place      string
		mismatches int
		err        error
	}{
		"mate":                          {"[White \"a\"]\n\n1. f3 e5 2. g4 Qh4#\n3. Kf2 0-1", "game 2, line 11: ", 0, nil},
		"fivefold, a draw":              {fivefold + "1/2-1/2", "game 2, line 12: ", 0, nil},
		"fivefold, but the file is 1-0": {fivefold + "1-0", "game 2, line 12: ", 1, ErrDiffers},
	} {
		for _, viaQueue := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, queue %v", name, viaQueue), func(t *testing.T) {
				t.Parallel()
				r := replayedText(t, newFake(t), playable+c.text, func(c *Config) { c.ViaQueue = viaQueue })
				if !errors.Is(r.Err(), c.err) || r.games != 1 || r.refused.count != 0 || r.skipped.count != 0 || r.mismatches.count != c.mismatches || r.endedEarlier.count != 1 {
					t.Fatalf("%d games, %d ended earlier, %d mismatches: %v", r.games, r.endedEarlier.count, r.mismatches.count, r.Err())
				}
				var text strings.Builder
				if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "ended earlier: "+c.place) {
					t.Errorf("%v, the place is not %q in %s", err, c.place, text.String())
				}
			})
		}
	}
}

func TestReplayReportsMismatchWhenServerDoesNotEndAGameByTheRules(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.noFivefold = true
	r := replayedText(t, f, "1. "+strings.Repeat("Nf3 Nf6 Ng1 Ng8 ", 4)+"e4 1/2-1/2", nil)
	if !errors.Is(r.Err(), ErrDiffers) || r.mismatches.count != 1 || !strings.Contains(r.mismatches.notes[0].What, "the server does not") {
		t.Errorf("%+v: %v", r.mismatches, r.Err())
	}
}

func TestReplayOfFileWithNothingToPlayFails(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": ErrNoGames, "\ufeff\r\n\r\n": ErrNoGames, "; a comment\n{ another }\n": ErrNoGames,
		"Dear reader,\n\nthis is no PGN.\n":   ErrSkipped,
		"[Variant \"Atomic\"]\n\n1. e4 1-0\n": ErrSkipped,
	} {
		if r := replayedText(t, newFake(t), text, nil); !errors.Is(r.Err(), want) {
			t.Errorf("%q: %v, want %v", text, r.Err(), want)
		}
	}
}

func TestReadStopsAGameAtThePlatformsLimitOfPlies(t *testing.T) {
	t.Parallel()
	g := newGame(pgn.Game{Moves: make([]string, maxPlies+1), Result: schemas.Draw})
	if len(g.moves) != maxPlies || g.early == nil || g.early.termination != schemas.MaxPlies || g.early.result != schemas.Draw {
		t.Errorf("%d plies, %+v", len(g.moves), g.early)
	}
	if g := newGame(pgn.Game{Moves: make([]string, maxPlies)}); g.early != nil {
		t.Errorf("%+v", g.early)
	}
}

func TestReportErrDistinguishesRefusalsFromMismatches(t *testing.T) {
	t.Parallel()
	r := newReport()
	r.count(&r.games)
	if r.Err() != nil {
		t.Error(r.Err())
	}
	r.refuse("game 1", "", errors.New("no"))
	if err := r.Err(); !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), ErrDiffers.Error()) {
		t.Errorf("only refusals: %v", err)
	}
	r.mismatch("game 2", "", "a move is missing")
	if err := r.Err(); !errors.Is(err, ErrDiffers) {
		t.Errorf("with a mismatch: %v", err)
	}
}

func TestReplayViaQueueReportsMismatchWhenMatchedWithStranger(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.seatStranger = true
	if r := replayed(t, f, func(c *Config) { c.ViaQueue = true }); r.mismatches.count != 5 {
		t.Errorf("%d mismatches of 5", r.mismatches.count)
	}
}

// playable is a game that can be played.
const playable = "[Event \"good\"]\n[White \"a\"]\n[Black \"b\"]\n[Result \"0-1\"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n"

func TestReadSkipsBrokenGameWithReasonAndContinues(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"a line of 50 MB":          "[Event \"x\"]\n[Result \"1-0\"]\n\n1. e4 {" + strings.Repeat("x", 50<<20) + "} e5 1-0\n\n",
		"a tag of 50 MB":           "[Event \"" + strings.Repeat("x", 50<<20) + "\"]\n[Result \"1-0\"]\n\n1. e4 e5 1-0\n\n",
		"an illegal move":          "[Event \"x\"]\n[Result \"1-0\"]\n\n1. e4 e5 2. Kd3 1-0\n\n",
		"bytes that are not UTF-8": "[Event \"x\"]\n[White \"\xff\xfe\"]\n[Result \"1-0\"]\n\n1. e4 \x80\x81 e5 1-0\n\n",
		"NUL bytes":                "[Event \"x\"]\n[Result \"1-0\"]\n\n1. e4 \x00\x00\x00 e5 1-0\n\n",
		"a set-up position":        "[Event \"x\"]\n[SetUp \"1\"]\n[FEN \"4k3/8/8/8/8/8/4P3/4K3 w - - 0 1\"]\n[Result \"1-0\"]\n\n1. e4 1-0\n\n",
		"a variant":                "[Event \"x\"]\n[Variant \"Crazyhouse\"]\n[Result \"1-0\"]\n\n1. e4 e5 1-0\n\n",
		"an unclosed comment":      "[Event \"x\"]\n[Result \"1-0\"]\n\n1. e4 { e5 1-0\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipped := map[string]string{}
			games := make(chan game, 3)
			// The last game ends in the middle of a move.
			text := playable + bad + playable + "[Event \"x\"]\n[Result \"1-0\"]\n\n1. e4 e5 2. N"
			err := read(t.Context(), strings.NewReader(text), 0, games, func(place, reason string) { skipped[place] = reason })
			if err != nil {
				t.Fatal(err)
			}
			if len(games) != 2 || len(skipped) != 2 {
				t.Errorf("%d games, skipped %v", len(games), skipped)
			}
			for place, reason := range skipped {
				if !strings.HasPrefix(place, "game ") || reason == "" || len(reason) > 300 {
					t.Errorf("%q: %q", place, reason)
				}
			}
		})
	}
}

func TestSlugKeepsOnlyCharactersAllowedInHandles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Müller, Äöü": "M-ller", "Ju, Wenjun": "Ju-Wenjun", "!!!": "player", "": "player",
		"Charkhalashvili, Inga": "Charkhalas", "a_b-c": "a-b-c",
	} {
		if got := slug(name); got != want {
			t.Errorf("slug(%q) = %q, not %q", name, got, want)
		}
	}
}
