// Package gamestest has the games that tests play: the files of real ones, and a made one.
package gamestest

import (
	"os"
	"path/filepath"
	"testing"
)

// The files in testdata/games; its README describes them.
var (
	Sample = File{
		Name: "lichess.pgn", dir: carried,
		Games: 202, Plies: 11_421, SetUp: 11, SetUpPlies: 415, Clocked: 202, TimeForfeits: 19,
	}
	FirstTry = File{
		Name: "first-try.pgn", dir: carried,
		Games: 7, Plies: 271, Clocked: 7, TimeForfeits: 1,
	}
	ByHand = File{
		Name: "by-hand.pgn", dir: carried,
		Games: 10, Plies: 302, Clocked: 2, TimeForfeits: 1,
	}
)

// The larger files that may lie beside the project. The second has tags and
// results, and no move.
var (
	Export = File{
		Name: "lichess-blitz-rapid-1000.pgn", dir: beside,
		Games: 1000, Plies: 74_721, SetUp: 22, SetUpPlies: 1_204, Clocked: 1000, TimeForfeits: 105,
	}
	Championship = File{
		Name: "womens-world-rapid-2024-605.pgn", dir: beside,
		Games: 605,
	}
)

var (
	carried = filepath.Join("testdata", "games")
	beside  = filepath.Join("..", "shared", "games")
)

// File is a file of games with what a reader must find in it.
type File struct {
	Name string
	dir  string // relative to the project's folder

	Games        int
	Plies        int // of all games
	SetUp        int // games that begin from a set-up position
	SetUpPlies   int // of those games
	Clocked      int // games with clocks
	TimeForfeits int // games whose Termination tag is "Time forfeit"
}

// Files returns the files in testdata/games, and the larger ones if they lie
// beside the project.
func Files(t testing.TB) []File {
	t.Helper()
	files := []File{Sample, FirstTry, ByHand}
	for _, f := range []File{Export, Championship} {
		if f.Exists(t) {
			files = append(files, f)
		}
	}
	return files
}

// Carried reports whether the file is in the repository.
func (f File) Carried() bool { return f.dir == carried }

// Exists reports whether the file is there.
func (f File) Exists(t testing.TB) bool {
	t.Helper()
	_, err := os.Stat(f.Path(t))
	return err == nil
}

// Path returns the absolute path of the file.
func (f File) Path(t testing.TB) string {
	t.Helper()
	return filepath.Join(Root(t), f.dir, f.Name)
}

// Open opens the file until the end of the test.
func (f File) Open(t testing.TB) *os.File {
	t.Helper()
	file, err := os.Open(f.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}
