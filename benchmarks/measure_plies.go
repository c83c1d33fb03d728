package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// pliesMeasure is the program's CPU time per move late in a game divided by that early
// in a game, over HTTP. Late and early rounds alternate, since the machine's speed
// changes over minutes.
func pliesMeasure(b *bench) ([]Row, error) {
	s, err := b.up("plies", append(unpaced, quickArchive...)...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const (
		workers     = 64
		rounds      = 8
		each, late  = 16, 300 - rounds*lateWindow/2                 // late games per worker, and the ply from which they are measured
		more, early = each * lateWindow / earlyWindow, openingPlies // the same for early games
		counted     = workers * each * lateWindow * rounds          // moves measured late, and as many early
	)
	moves, err := longGames(8, late+rounds*lateWindow)
	if err != nil {
		return nil, err
	}
	old, young := make([]games, workers), make([]games, workers)
	if err := s.assignGames(old, each, moves); err != nil {
		return nil, err
	}
	if _, err := s.cpuWhilePlaying(old, early, early, late); err != nil { // also warms up
		return nil, err
	}
	var atEnd, atStart time.Duration
	playOld := func(round int) error {
		from := late + round*lateWindow
		took, err := s.cpuWhilePlaying(old, from, from, from+lateWindow)
		atEnd += took
		return err
	}
	playYoung := func(int) error {
		if err := s.assignGames(young, more, moves); err != nil {
			return err
		}
		took, err := s.cpuWhilePlaying(young, early, early, early+earlyWindow)
		atStart += took
		return err
	}
	for round := range rounds {
		order := []func(int) error{playOld, playYoung}
		if round%2 == 1 { // so that a machine that slows down steadily affects both equally
			slices.Reverse(order)
		}
		for _, measure := range order {
			if err := measure(round); err != nil {
				return nil, err
			}
		}
	}
	if atStart == 0 {
		return nil, errors.New("no CPU time was used")
	}
	perMove := func(d time.Duration) float64 { return float64(d.Microseconds()) / counted }
	return []Row{atMost("CPU a move at ply 300 / at ply 3", perMove(atEnd)/perMove(atStart), 1.1, "", map[string]float64{
		"us at ply 300": perMove(atEnd), "us at ply 3": perMove(atStart),
	})}, nil
}

// Plies of each game that a round plays. It takes long to get games to a late ply, so
// there are fewer of them, with more plies each.
const lateWindow, earlyWindow = 10, 5

// games are the games of one worker, played one after the other.
type games []*game

// cpuWhilePlaying plays the plies from..to-1 of all workers' games and returns the
// program's CPU time for it, including that for closing the archive's files of these
// moves. Before it measures, it waits until the program is idle and then plays the
// plies warm..from-1.
func (s *server) cpuWhilePlaying(workers []games, warm, from, to int) (time.Duration, error) {
	if err := s.waitForMemoryReturn(); err != nil {
		return 0, err
	}
	if err := s.playInParallel(workers, warm, from); err != nil {
		return 0, err
	}
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if err := s.playInParallel(workers, from, to); err != nil {
		return 0, err
	}
	time.Sleep(archiveCloseTime)
	after, err := s.cpu()
	return after - before, err
}

// openingPlies are played at once in a new game: a game without its first moves is
// aborted.
const openingPlies = 2

// assignGames gives every worker new games in which both sides have moved once.
func (s *server) assignGames(workers []games, each int, moves [][]string) error {
	return parallel(len(workers), len(workers), func(i int) error {
		next := s.gameSupply(i, moves)
		workers[i] = make(games, 0, each)
		for range each {
			g, err := next()
			if err != nil {
				return err
			}
			if err := s.playAll([]*game{g}, 0, openingPlies); err != nil {
				return err
			}
			workers[i] = append(workers[i], g)
		}
		return nil
	})
}

// playInParallel plays the plies from..to-1 of all workers' games, the workers in
// parallel.
func (s *server) playInParallel(workers []games, from, to int) error {
	return parallel(len(workers), len(workers), func(i int) error { return s.playAll(workers[i], from, to) })
}

// playAll plays the plies from..to-1 of each game over HTTP.
func (s *server) playAll(games []*game, from, to int) error {
	for _, g := range games {
		for ply := from; ply < to; ply++ {
			if err := s.api.move(g, ply); err != nil {
				return fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
			}
		}
	}
	return nil
}
