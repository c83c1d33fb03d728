package pgn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	second "github.com/corentings/chess/v2"

	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

func readAll(t testing.TB, in io.Reader) (games []Game, broken []*Error) {
	t.Helper()
	r := NewReader(in)
	for {
		g, err := r.Next()
		var bad *Error
		switch {
		case errors.Is(err, io.EOF):
			return games, broken
		case errors.As(err, &bad):
			broken = append(broken, bad)
		case err != nil:
			t.Fatal(err)
		default:
			games = append(games, g)
		}
	}
}

func TestRealGamesAreReadInFull(t *testing.T) {
	t.Parallel()
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			games, broken := readAll(t, file.Open(t))
			for _, b := range broken {
				t.Error(b)
			}
			if len(games) != file.Games {
				t.Fatalf("%d games, want %d", len(games), file.Games)
			}
			var setUp, clocked, timeForfeits, plies int
			for i, g := range games {
				if g.Number != i+1 || g.Tag("White") == "" || string(g.Result) != g.Tag("Result") || len(g.SANs) != len(g.Moves) {
					t.Errorf("game %d: %+v", i+1, g)
				}
				plies += len(g.Moves)
				if g.StartFEN != rules.StartFEN {
					setUp++
				}
				if g.ClocksCs != nil {
					clocked++
				}
				if g.Termination == "Time forfeit" {
					timeForfeits++
				}
			}
			if plies != file.Plies || setUp != file.SetUp || clocked != file.Clocked || timeForfeits != file.TimeForfeits {
				t.Errorf("%d plies, %d set up, %d with clocks, %d time forfeits; want %+v", plies, setUp, clocked, timeForfeits, file)
			}
		})
	}
}

// Every position and SAN of the sample, and of an eighth of the larger file.
func TestRealGamesSecondOpinion(t *testing.T) {
	t.Parallel()
	for _, file := range gamestest.Files(t) {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			games, _ := readAll(t, file.Open(t))
			if len(games) != file.Games {
				t.Fatalf("%d games, want %d", len(games), file.Games)
			}
			every := 1
			if !file.Carried() {
				every = 8
			}
			for i := 0; i < len(games); i += every {
				secondOpinion(t, games[i])
			}
		})
	}
}

// secondOpinion plays a game with another library beside ours.
func secondOpinion(t *testing.T, g Game) {
	t.Helper()
	ours, err := rules.ParseFEN(g.StartFEN)
	if err != nil {
		t.Fatal(err)
	}
	var theirs second.Position
	if err := theirs.UnmarshalText([]byte(g.StartFEN)); err != nil {
		t.Fatal(err)
	}
	for ply, uci := range g.Moves {
		if len(ours.LegalMoves()) != len(theirs.ValidMoves()) {
			t.Fatalf("game %d ply %d: %d legal moves, the other has %d", g.Number, ply+1, len(ours.LegalMoves()), len(theirs.ValidMoves()))
		}
		next, san, err := ours.Play(uci)
		if err != nil {
			t.Fatal(err)
		}
		move, err := second.UCINotation{}.Decode(&theirs, uci)
		if err != nil {
			t.Fatal(err)
		}
		if other := (second.AlgebraicNotation{}).Encode(&theirs, move); strings.TrimRight(other, "+#") != strings.TrimRight(san, "+#") {
			t.Fatalf("game %d ply %d: %s, the other says %s", g.Number, ply+1, san, other)
		}
		theirs = *theirs.Update(move)
		if a, b := placement(next.FEN()), placement(theirs.String()); a != b {
			t.Fatalf("game %d ply %d: %s, the other has %s", g.Number, ply+1, a, b)
		}
		ours = next
	}
	if (ours.Status() == rules.Checkmate) != (theirs.Status() == second.Checkmate) {
		t.Fatalf("game %d: status %d, the other says %v", g.Number, ours.Status(), theirs.Status())
	}
}

// placement is a FEN without the en-passant square, which the two libraries write in
// different cases.
func placement(fen string) string {
	f := strings.Fields(fen)
	return strings.Join([]string{f[0], f[1], f[2], f[4], f[5]}, " ")
}

const good = "[Event \"good\"]\n[White \"a\"]\n[Black \"b\"]\n[Result \"1-0\"]\n\n1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6 4. Qxf7# 1-0\n"

func TestUnusualButValidGamesAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, moves string }{
		"comment before move 1":    {"[Result \"1-0\"]\n\n{ hello } 1. e4 1-0", "e2e4"},
		"comment before the tags":  {"; exported\n{ by\nhand }\n[Result \"1-0\"]\n\n1. e4 1-0", "e2e4"},
		"byte order mark":          {"\ufeff[Result \"1-0\"]\n\n1. e4 1-0", "e2e4"},
		"end of a DOS file":        {"[Result \"1-0\"]\r\n\r\n1. e4 1-0\r\n\x1a", "e2e4"},
		"CRLF":                     {"[Result \"1-0\"]\r\n\r\n1. e4\r\ne5 1-0\r\n", "e2e4 e7e5"},
		"nested variations":        {"[Result \"1-0\"]\n\n1. e4 (1. d4 d5 (1... Nf6 {(} $4 (1... x)) 2. c4) 1... e5 1-0", "e2e4 e7e5"},
		"NAGs and marks":           {"[Result \"1-0\"]\n\n1. e4! $1 e5?? !? 2. Nf3+ $146 1-0", "e2e4 e7e5 g1f3"},
		"castling with zeros":      {"[Result \"1-0\"]\n\n1. e4 e5 2. Nf3 Nf6 3. Be2 Be7 4. 0-0 0-0 1-0", "e2e4 e7e5 g1f3 g8f6 f1e2 f8e7 e1g1 e8g8"},
		"numbers glued to moves":   {"[Result \"1-0\"]\n\n1.e4 1...e5 2.Nf3 1-0", "e2e4 e7e5 g1f3"},
		"rest-of-line comment":     {"[Result \"1-0\"]\n\n1. e4 ; not e5 { ( \n1... c5 1-0", "e2e4 c7c5"},
		"escaped line":             {"[Result \"1-0\"]\n\n1. e4\n%%% { anything ]\ne5 1-0", "e2e4 e7e5"},
		"tag-like line in comment": {"[Result \"1-0\"]\n\n1. e4 { see\n[Event \"x\"]\nthere } e5 1-0", "e2e4 e7e5"},
		"escapes in a tag":         {"[White \"the \\\"great\\\" \\\\\"][Result \"1-0\"]\n\n1. e4 1-0", "e2e4"},
		"no tags":                  {"1. e4 e5 1/2-1/2", "e2e4 e7e5"},
		"no moves":                 {"[Result \"1-0\"]\n", ""},
		"no moves, token":          {"[Result \"1-0\"]\n\n1-0\n", ""},
		"set up":                   {"[SetUp \"1\"][FEN \"4k3/8/8/8/8/8/4P3/4K3 b - - 0 1\"]\n\n1... Ke7 2. e4 1/2-1/2", "e8e7 e2e4"},
		"two clocks for one move":  {"[Result \"1-0\"]\n\n1. e4 {[%clk 0:03:00]} {[%clk 0:02:59.5]} 1-0", "e2e4"},
		"braces in a tag":          {"[Annotator \"{\"]\n[Result \"1-0\"]\n\n1. e4 1-0", "e2e4"},
		"draw with the half sign":  {"1. e4 ½-½", "e2e4"},
		"blanks of all kinds":      {"[Result \"1-0\"]\n \t                        \n\n1. e4\t\te5\v1-0", "e2e4 e7e5"},
		"leading blanks":           {"[Result \"1-0\"]\n\n                        1. e4 1-0", "e2e4"},
		"unknown commands":         {"[Result \"1-0\"]\n\n1. e4 {[%clk x] [%eval #3]} {[%clk} 1-0", "e2e4"},
		"tags in one line":         {"[Event \"x\"] [Result \"1-0\"]\n\n1. e4 1-0", "e2e4"},
		"result in a comment":      {"[Result \"1-0\"]\n\n1. e4 { 0-1 } 1-0 { White wins }", "e2e4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			games, broken := readAll(t, strings.NewReader(c.text+"\n\n"+good))
			if len(broken) > 0 || len(games) != 2 {
				t.Fatalf("%d games, %v", len(games), broken)
			}
			if got := strings.Join(games[0].Moves, " "); got != c.moves {
				t.Errorf("moves %q, want %q", got, c.moves)
			}
			if games[1].Tag("Event") != "good" || games[1].Result != schemas.WhiteWins {
				t.Errorf("the next game is %+v", games[1])
			}
		})
	}
}

func TestBrokenGameIsReportedAndNextIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		line   int
		reason string
	}{
		"illegal move":           {"[Event \"x\"]\n\n1. e4 e5\n2. Ke3 1-0", 4, "illegal"},
		"not a move":             {"[Event \"x\"]\n\n1. e4 hello 1-0", 3, "not a move"},
		"null move":              {"[Event \"x\"]\n\n1. e4 -- 1-0", 3, "not a move"},
		"cut short":              {"[Event \"x\"]\n\n1. e4 e5 2. N", 3, "not a move"},
		"no result":              {"[Event \"x\"]\n\n1. e4 e5", 3, "cut short"},
		"result unknown":         {"[Event \"x\"]\n\n1. e4 e5 *", 3, "no result"},
		"no result at all":       {"[Event \"x\"]\n", 1, "no result"},
		"results differ":         {"[Event \"x\"]\n[Result \"0-1\"]\n\n1. e4 1-0", 4, "Result tag"},
		"mate but a draw":        {"[Event \"x\"]\n\n1. f3 e5 2. g4 Qh4# 1/2-1/2", 3, "checkmate"},
		"text after the result":  {"[Event \"x\"]\n\n1. e4 1-0 e5", 3, "after the result"},
		"not UTF-8":              {"[Event \"x\"]\n[White \"M\xfcller\"]\n\n1. e4 1-0", 2, "UTF-8"},
		"open comment":           {"[Event \"x\"]\n\n1. e4 { never\nclosed", 3, "comment"},
		"open variation":         {"[Event \"x\"]\n\n1. e4 ((1. d4) 1-0", 3, "variation"},
		"closed variation":       {"[Event \"x\"]\n\n1. e4) 1-0", 3, "variation"},
		"open tag":               {"[Event \"x\"]\n[White \"a\n\n1. e4 1-0", 2, "tag"},
		"tag without quotes":     {"[Event \"x\"]\n[White a]\n\n1. e4 1-0", 2, "tag"},
		"invalid set-up":         {"[Event \"x\"]\n[FEN \"8/8/8/8/8/8/8/8 w - - 0 1\"]\n\n1. e4 1-0", 4, "king"},
		"another variant":        {"[Event \"x\"]\n[Variant \"Atomic\"]\n\n1. e4 1-0", 4, "variant"},
		"NUL between moves":      {"[Event \"x\"]\n\n1. e4\n\x00\x00\x00 e5 1-0", 4, `the moves contain "\x00"`},
		"NUL within a move":      {"[Event \"x\"]\n\n1. e\x004 1-0", 3, "not a move"},
		"NUL in a variation":     {"[Event \"x\"]\n\n1. e4 (1. \x00 d4) 1-0", 3, `the moves contain "\x00"`},
		"NUL before the tags":    {"[Event \"x\"]\n\x00[White \"a\"]\n\n1. e4 1-0", 2, `the moves contain "\x00"`},
		"NUL after the result":   {"[Event \"x\"]\n\n1. e4 1-0 \x00", 3, `the moves contain "\x00"`},
		"escape":                 {"[Event \"x\"]\n\n1. e4 \x1b e5 1-0", 3, `the moves contain "\x1b"`},
		"delete":                 {"[Event \"x\"]\n\n1. e4 e5\x7f 1-0", 3, `the moves contain "\x7f"`},
		"closing brace":          {"[Event \"x\"]\n\n1. e4 } 1-0", 3, "}"},
		"too many plies":         {"[Event \"x\"]\n\n" + strings.Repeat("Nf3 Nf6 Ng1 Ng8 ", MaxPlies/4+1) + "1-0", 3, "plies"},
		"50,000 open variations": {"[Event \"x\"]\n\n1. e4 " + strings.Repeat("(", 50_000) + " 1-0", 3, "variation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			games, broken := readAll(t, strings.NewReader(good+"\n"+c.text+"\n\n"+good))
			if len(games) != 2 || len(broken) != 1 {
				t.Fatalf("%d games, %v", len(games), broken)
			}
			offset := strings.Count(good, "\n") + 1
			if b := broken[0]; b.Number != 2 || b.Line != c.line+offset || !strings.Contains(b.Reason, c.reason) {
				t.Errorf("%v; want line %d, %q", b, c.line+offset, c.reason)
			}
			if games[1].Number != 3 {
				t.Errorf("the next game is number %d", games[1].Number)
			}
		})
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	games, broken := readAll(t, strings.NewReader("1. e4 e5 {[%eval 1] [%clk 1:02:03]} 2. d4 (2. c4 {[%clk 0:00:01]}) d5 {[%clk 0:00:00.5]} 1-0"))
	if len(broken) > 0 || fmt.Sprint(games[0].ClocksCs) != "[-1 372300 -1 50]" {
		t.Fatalf("%v %v", games, broken)
	}
}

// endless is a line of n bytes, generated as it is read.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	for i := range p[:n] {
		p[i] = "e4 "[i%3]
	}
	e.n -= n
	return n, nil
}

func TestLineOf50MBIsReportedInBoundedMemory(t *testing.T) {
	for name, before := range map[string]string{"moves": "1. ", "comment": "1. e4 { ", "tag": "[White \""} {
		in := io.MultiReader(strings.NewReader(good+"\n[Event \"x\"]\n"+before), &endless{50 << 20}, strings.NewReader("\n\n"+good))
		var start, end runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&start)
		games, broken := readAll(t, in)
		runtime.ReadMemStats(&end)
		if len(games) != 2 || len(broken) != 1 || !strings.Contains(broken[0].Reason, "longer") || broken[0].Line != 8 {
			t.Fatalf("%s: %d games, %v", name, len(games), broken)
		}
		if used := end.TotalAlloc - start.TotalAlloc; used > 8*MaxGameBytes {
			t.Errorf("%s: %d bytes were allocated", name, used)
		}
	}
}

func TestInputErrorIsReturned(t *testing.T) {
	t.Parallel()
	broken := errors.New("cable")
	r := NewReader(io.MultiReader(strings.NewReader(good), &failing{broken}))
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) {
			t.Fatalf("%v", err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzReader(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("[Event \"x\"]\n\n1. e4 { never\n\n" + good))
	programs, err := filepath.Glob("testdata/programs/*.pgn")
	if err != nil || len(programs) == 0 {
		f.Fatalf("%d files of other programs: %v", len(programs), err)
	}
	for _, file := range programs {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("\ufeff[A \"\\\"]\n;\n%\n{}()$1 1...0-0 ½-½ \xff"))
	real := bufio.NewReader(gamestest.Sample.Open(f))
	for range 3 {
		head := make([]byte, 3000)
		if _, err := io.ReadFull(real, head); err != nil {
			f.Fatal(err)
		}
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		games, unread := readAll(t, strings.NewReader(string(text)))
		for i, g := range games {
			if len(g.Moves) != len(g.SANs) || g.ClocksCs != nil && len(g.ClocksCs) != len(g.Moves) {
				t.Fatalf("%+v", g)
			}
			p, err := rules.ParseFEN(g.StartFEN)
			if err != nil {
				t.Fatal(err)
			}
			for _, uci := range g.Moves {
				if p, _, err = p.Play(uci); err != nil {
					t.Fatal(err)
				}
			}
			if p.FEN() != g.FEN || i > 0 && g.Line < games[i-1].Line {
				t.Fatalf("%+v", g)
			}
		}
		// Any text may precede a game. Tags alone may be its own, but after a result and
		// an empty line it is read.
		after, broken := readAll(t, strings.NewReader(string(text)+"\n\n*\n\n"+good))
		if len(after) == 0 || after[len(after)-1].Tag("Event") != "good" {
			t.Fatalf("the next game was lost behind %d games and %v", len(games), broken)
		}
		// Count agrees with Next.
		found, err := Count(strings.NewReader(string(text)))
		if err != nil || found != len(games)+len(unread) {
			t.Fatalf("%d games were counted, %d read and %d not: %v", found, len(games), len(unread), err)
		}
	})
}
