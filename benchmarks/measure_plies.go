package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// pliesMeasure is the program's processor time a move late in a game against
// early in one, over HTTP. Rounds of both take turns, since the machine does not
// run at one speed for minutes.
func pliesMeasure(b *bench) ([]Row, error) {
	s, err := b.up("plies", shortFiles...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const (
		lanes       = 64
		rounds      = 8
		each, late  = 16, 300 - rounds*lateWindow/2 // games of a lane, and the ply from which they count
		more, early = each * lateWindow / earlyWindow, opening
		counted     = lanes * each * lateWindow * rounds // moves, as many of each
	)
	moves, err := longGames(8, late+rounds*lateWindow)
	if err != nil {
		return nil, err
	}
	old, young := make([]games, lanes), make([]games, lanes)
	if err := s.seat(old, each, moves); err != nil {
		return nil, err
	}
	if _, err := s.cpuOf(old, early, early, late); err != nil { // warms up as well
		return nil, err
	}
	var atEnd, atStart time.Duration
	playOld := func(round int) error {
		from := late + round*lateWindow
		took, err := s.cpuOf(old, from, from, from+lateWindow)
		atEnd += took
		return err
	}
	playYoung := func(int) error {
		if err := s.seat(young, more, moves); err != nil {
			return err
		}
		took, err := s.cpuOf(young, early, early, early+earlyWindow)
		atStart += took
		return err
	}
	for round := range rounds {
		turns := []func(int) error{playOld, playYoung}
		if round%2 == 1 { // where the machine gets slower all the time, it does so for both
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := turn(round); err != nil {
				return nil, err
			}
		}
	}
	if atStart == 0 {
		return nil, errors.New("no processor time was used")
	}
	perMove := func(d time.Duration) float64 { return float64(d.Microseconds()) / counted }
	return []Row{atMost("CPU a move at ply 300 / at ply 3", perMove(atEnd)/perMove(atStart), 1.1, "", map[string]float64{
		"us at ply 300": perMove(atEnd), "us at ply 3": perMove(atStart),
	})}, nil
}

// How many plies of each game a round plays. Late games take long to come by, so
// there are fewer of them.
const lateWindow, earlyWindow = 10, 5

// games are those that one lane plays, one after the other.
type games []*game

// cpuOf is the processor time that the program uses for the plies from..to-1 of
// all lanes' games, until the archive has closed the moves' files. What was left to
// do for those before is done first, and then the plies from warm on are played.
func (s *server) cpuOf(lanes []games, warm, from, to int) (time.Duration, error) {
	if err := s.rest(); err != nil {
		return 0, err
	}
	if err := s.playLanes(lanes, warm, from); err != nil {
		return 0, err
	}
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if err := s.playLanes(lanes, from, to); err != nil {
		return 0, err
	}
	time.Sleep(filesClosed)
	after, err := s.cpu()
	return after - before, err
}

// opening is how many plies a game needs to be left alone: without its first
// moves it is aborted.
const opening = 2

// seat fills every lane with new games in which both sides have moved once.
func (s *server) seat(lanes []games, each int, moves [][]string) error {
	return parallel(len(lanes), len(lanes), func(i int) error {
		next := s.supply(i, moves)
		lanes[i] = make(games, 0, each)
		for range each {
			g, err := next()
			if err != nil {
				return err
			}
			if err := s.playAll([]*game{g}, 0, opening); err != nil {
				return err
			}
			lanes[i] = append(lanes[i], g)
		}
		return nil
	})
}

// playLanes plays the plies from..to-1 of their games on all lanes at once.
func (s *server) playLanes(lanes []games, from, to int) error {
	return parallel(len(lanes), len(lanes), func(i int) error { return s.playAll(lanes[i], from, to) })
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
