// Samplegames chooses the real games that the project carries in testdata/games
// from a larger export of lichess.org, and replaces the names of the players.
// The same input always gives the same files:
//
//	go run ./scripts/samplegames -in FILE.pgn -out testdata/games
//
// Every rare ending and every awkward form of the export is in the sample; the
// rest of it is the shortest games of the export.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// maxBytes bounds the sample, so that a clone stays small.
const maxBytes = 540_000

func main() {
	in := flag.String("in", "", "the PGN export to choose from")
	out := flag.String("out", filepath.Join("testdata", "games"), "the folder to write to")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "samplegames:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	text, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	files, err := sample(string(text), maxBytes)
	if err != nil {
		return fmt.Errorf("sample %s: %w", in, err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the sample: %w", err)
		}
	}
	return nil
}

// sample returns the files to write, by name.
func sample(export string, maxBytes int) (map[string]string, error) {
	all, err := readGames(export)
	if err != nil {
		return nil, err
	}
	chosen := choose(all, sampleKinds, maxBytes)
	var (
		players = newNames(chosen)
		files   = map[string]string{
			"lichess.pgn":   players.replaceAll(chosen),
			"first-try.pgn": players.replaceAll(choose(chosen, firstTryKinds, 0)),
		}
	)
	for name, text := range files {
		if err := checkNames(all, text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
