// Package oracletest compares package rules with python-chess, which runs in a child
// process. It also generates the random games and FENs to compare.
package oracletest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Env is the environment variable with the number of random plies to compare. Without it
// the tests compare a sample, and are skipped if python-chess is not installed.
const Env = "TABIYA_TEST_ORACLE"

//go:embed oracle.py
var program string

// Position is what python-chess reports about one position of a game.
type Position struct {
	FEN          string   // an en-passant square only if a legal capture exists
	Legal        []string // UCI, sorted
	SANs         []string // of the legal moves, in the same order; nil if not requested
	SAN          string   // of the next move of the game; "" if that is illegal
	Check        bool
	Checkmate    bool
	Stalemate    bool
	Insufficient bool
	CannotMate   [2]bool // White, Black: too little material to mate
	Seen         int     // how often it has occurred, including this time
	Threefold    bool
	Fivefold     bool
	Fifty        bool
	SeventyFive  bool
	Outcome      string // why the game is over without a claim; "" if it is not
}

// Oracle is a running python-chess process. It must be used by one goroutine only.
type Oracle struct {
	t   testing.TB
	in  io.WriteCloser
	out *json.Decoder
}

// Plies returns how many random plies to compare: that of Env, or else sample.
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

// Whole reports whether to compare everything, which is the case from a million plies on.
func Whole(t testing.TB) bool { return Plies(t, 0) >= 1_000_000 }

// Every returns n if slow comparisons are to be made in every nth position only.
func Every(t testing.TB) int {
	if Whole(t) {
		return 1
	}
	return 16
}

// Missing skips the test for the given reason, or fails it in CI and if Env is set.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(Env) != "" || os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Root returns the project's root directory.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			err = errors.New("no go.mod above the test")
		}
		dir = parent
	}
	t.Fatal(err)
	return ""
}

// New starts python-chess. It is stopped at the end of the test.
func New(t testing.TB) *Oracle {
	t.Helper()
	python := filepath.Join(Root(t), ".cache", "venv", "bin", "python3")
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
		_, _ = io.Copy(io.Discard, out) // a failed test leaves responses unread
		if err := cmd.Wait(); err != nil {
			t.Errorf("python-chess: %v", err)
		}
	})
	return &Oracle{t: t, in: in, out: json.NewDecoder(bufio.NewReaderSize(out, 1<<20))}
}

// Games calls check for each game with its positions: the first, and the one after each
// move. Every nth position has the SAN of all legal moves, where n is every. Requests are
// sent ahead of the responses, so that both processes work at the same time.
func (o *Oracle) Games(games iter.Seq[Game], every int, check func(Game, []Position)) {
	o.t.Helper()
	sent := make(chan Game, 32)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(sent)
		to := json.NewEncoder(o.in)
		for g := range games {
			select {
			case sent <- g:
			case <-stop:
				return
			}
			request := map[string]any{"fen": g.FEN, "moves": append([]string{}, g.Moves...), "every": every}
			if err := to.Encode(request); err != nil {
				return // the loop below fails to decode a response
			}
		}
	}()
	for g := range sent {
		var positions []Position
		if err := o.out.Decode(&positions); err != nil {
			o.t.Fatalf("python-chess on %s %v: %v", g.FEN, g.Moves, err)
		}
		check(g, positions)
	}
}

// StartProblems returns, for each FEN, why no game can start there: the names of
// python-chess's Board.status, then of Board.outcome. Empty if a game can.
func (o *Oracle) StartProblems(fens []string) [][]string {
	o.t.Helper()
	if err := json.NewEncoder(o.in).Encode(map[string]any{"fens": fens}); err != nil {
		o.t.Fatal(err)
	}
	var problems [][]string
	if err := o.out.Decode(&problems); err != nil || len(problems) != len(fens) {
		o.t.Fatalf("python-chess on %d FENs: %d answers, %v", len(fens), len(problems), err)
	}
	return problems
}
