package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// against compares this tree's program with that of another commit: moves/s over
// WebSocket, in turns, so that a change of the machine's speed meets both.
type against struct {
	commit string
	pairs  int
}

// measure returns the row of the median ratio, and prints each pair.
func (a against) measure(b *bench) (rows []Row, err error) {
	tree := filepath.Join(b.scratch, "other")
	if err := git("worktree", "add", "--detach", tree, a.commit); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, git("worktree", "remove", "--force", tree)) }()
	old := *b
	old.binary = filepath.Join(b.scratch, "tabiya-other")
	build := exec.Command("go", "build", "-o", old.binary, "./cmd/tabiya")
	build.Dir, build.Stderr = tree, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build tabiya of %s: %w", a.commit, err)
	}
	var ratios, ours, theirs []float64
	for pair := range a.pairs {
		before, err := old.movesPerSecond(fmt.Sprint("old-", pair))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.commit, err)
		}
		now, err := b.movesPerSecond(fmt.Sprint("new-", pair))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "pair %d: %.0f moves/s, %s %.0f, ratio %.3f\n", pair+1, now, a.commit, before, now/before)
		ratios, ours, theirs = append(ratios, now/before), append(ours, now), append(theirs, before)
	}
	return []Row{atLeast("moves/s over WebSocket / those of "+a.commit+", median of pairs in turns", median(ratios), 0.9, "", map[string]float64{
		"pairs": float64(a.pairs), "least ratio": slices.Min(ratios), "greatest ratio": slices.Max(ratios),
		"moves/s": median(ours), "other's moves/s": median(theirs),
	})}, nil
}

// movesPerSecond starts the program with a data folder of its own and loads it.
func (b *bench) movesPerSecond(name string) (float64, error) {
	s, err := b.up(name, quickArchive...)
	if err != nil {
		return 0, err
	}
	defer func() {
		s.stop()
		_ = os.RemoveAll(filepath.Join(b.scratch, name)) // the scratch folder goes in the end
	}()
	moves, err := longGames(8, plies)
	if err := errors.Join(err, s.register(pairsOfMovers)); err != nil {
		return 0, err
	}
	r, err := s.socketLoad(b, moves, 0)
	return r.perSecond(), err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func git(args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	return nil
}
