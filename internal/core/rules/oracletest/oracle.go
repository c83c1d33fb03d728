// Package oracletest asks python-chess, in a process of its own, what it thinks
// of games and of FENs, and makes the random games and FENs to ask about.
package oracletest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"tabiya/internal/gamestest"
)

// Env names the variable that says how many random plies are compared. Without
// it the tests take a sample, and are skipped where python-chess is missing.
const Env = "TABIYA_TEST_ORACLE"

//go:embed oracle.py
var program string

// Position is what python-chess says about one position of a game.
type Position struct {
	FEN          string   // an en-passant square only if a legal capture exists
	Legal        []string // UCI, sorted
	SANs         []string // of the legal moves in the same order; nil if not asked for
	SAN          string   // of the move that the game goes on with; "" if it is illegal
	Check        bool
	Checkmate    bool
	Stalemate    bool
	Insufficient bool
	CannotMate   [2]bool // White, Black: too little material, whatever the other does
	Seen         int     // how often it has stood on the board, this time included
	Threefold    bool
	Fivefold     bool
	Fifty        bool
	SeventyFive  bool
	Outcome      string // why the game is over without a claim; "" if it goes on
}

// Oracle is a running python-chess. It is for one goroutine.
type Oracle struct {
	t   testing.TB
	in  io.WriteCloser
	out *json.Decoder
}

// Plies is how many random plies to compare.
func Plies(t testing.TB, sample int) int {
	t.Helper()
	if os.Getenv(Env) == "" {
		return sample
	}
	n, err := strconv.Atoi(os.Getenv(Env))
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of plies", Env, os.Getenv(Env))
	}
	return n
}

// Whole reports whether to compare everything that can be: a million plies, and
// what goes with them.
func Whole(t testing.TB) bool { return Plies(t, 0) >= 1_000_000 }

// Every is in which so-manieth position a test looks at what is slow to compare.
func Every(t testing.TB) int {
	if Whole(t) {
		return 1
	}
	return 16
}

// Missing skips a test that lacks something, if it may be skipped.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(Env) != "" || os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// New starts python-chess; it ends with the test.
func New(t testing.TB) *Oracle {
	t.Helper()
	python := filepath.Join(gamestest.Root(t), ".cache", "venv", "bin", "python3")
	if err := exec.Command(python, "-c", "import chess").Run(); err != nil {
		Missing(t, fmt.Sprintf("no Python with python-chess (make venv): %v", err))
	}
	cmd := exec.Command(python, "-c", program)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out) // a failed test leaves answers unread
		if err := cmd.Wait(); err != nil {
			t.Errorf("python-chess: %v", err)
		}
	})
	return &Oracle{t: t, in: in, out: json.NewDecoder(bufio.NewReaderSize(out, 1<<20))}
}

// Games hands each game with its positions to check: the first, and the one
// after each move. It asks for the SAN of all legal moves in every so-manieth
// position. Questions run ahead of the answers, so that both sides work.
func (o *Oracle) Games(games iter.Seq[Game], every int, check func(Game, []Position)) {
	o.t.Helper()
	asked := make(chan Game, 32)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(asked)
		to := json.NewEncoder(o.in)
		for g := range games {
			select {
			case asked <- g:
			case <-stop:
				return
			}
			question := map[string]any{"fen": g.FEN, "moves": append([]string{}, g.Moves...), "every": every}
			if err := to.Encode(question); err != nil {
				return // the reader sees that no answer comes
			}
		}
	}()
	for g := range asked {
		var said []Position
		if err := o.out.Decode(&said); err != nil {
			o.t.Fatalf("python-chess on %s %v: %v", g.FEN, g.Moves, err)
		}
		check(g, said)
	}
}

// Status tells, for each FEN, why no game can begin there by python-chess's
// names: Board.status, then Board.outcome. Empty if one can.
func (o *Oracle) Status(fens []string) [][]string {
	o.t.Helper()
	if err := json.NewEncoder(o.in).Encode(map[string]any{"fens": fens}); err != nil {
		o.t.Fatal(err)
	}
	var said [][]string
	if err := o.out.Decode(&said); err != nil || len(said) != len(fens) {
		o.t.Fatalf("python-chess on %d FENs: %d answers, %v", len(fens), len(said), err)
	}
	return said
}
