package main

import "fmt"

// pliesMeasure is the program's processor time a move late in a game against
// early in one. Both loads play the same number of moves over HTTP, from the
// same number of lanes.
func pliesMeasure(b *bench) ([]Row, error) {
	s, err := b.up("plies")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	moves, err := longGames(8, plies+6)
	if err != nil {
		return nil, err
	}
	// Games are made as they are wanted: one without a first move is aborted.
	const lanes, each = 64, 16
	games := make([][]*game, lanes)
	play := func(from, to int) (float64, error) {
		if err := s.settle(); err != nil {
			return 0, err
		}
		before, err := s.cpu()
		if err != nil {
			return 0, err
		}
		err = parallel(lanes, lanes, func(i int) error { return s.playAll(games[i], from, to) })
		if err != nil {
			return 0, err
		}
		after, err := s.cpu()
		return float64((after - before).Microseconds()) / float64(lanes*each*(to-from)), err
	}
	if err := s.seat(games, each, moves); err != nil {
		return nil, err
	}
	if _, err := play(2, plies-3); err != nil { // warms up as well
		return nil, err
	}
	atEnd, err := play(plies-3, plies+3)
	if err != nil {
		return nil, err
	}
	if err := s.seat(games, each, moves); err != nil {
		return nil, err
	}
	atStart, err := play(2, 8)
	if err != nil {
		return nil, err
	}
	if atStart == 0 {
		return nil, fmt.Errorf("no processor time was used")
	}
	return []Row{atMost("CPU a move at ply 300 / at ply 3", atEnd/atStart, 1.2, "", map[string]float64{
		"us at ply 300": atEnd, "us at ply 3": atStart,
	})}, nil
}

// seat fills every lane with new games in which both sides have moved once: a
// game without its first moves is aborted.
func (s *server) seat(lanes [][]*game, each int, moves [][]string) error {
	return parallel(len(lanes), len(lanes), func(i int) error {
		next := s.supply(i, moves)
		lanes[i] = make([]*game, 0, each)
		for range each {
			g, err := next()
			if err != nil {
				return err
			}
			if err := s.playAll([]*game{g}, 0, 2); err != nil {
				return err
			}
			lanes[i] = append(lanes[i], g)
		}
		return nil
	})
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

// liveMeasure is the program's processor time a move with many live games
// against few.
func liveMeasure(b *bench) ([]Row, error) {
	perMove := func(live int) (float64, float64, error) {
		s, err := b.up(fmt.Sprintf("live-%d", live))
		if err != nil {
			return 0, 0, err
		}
		defer s.stop()
		moves, err := longGames(8, 40)
		if err != nil {
			return 0, 0, err
		}
		const lanes = 64
		games := make([][]*game, lanes)
		if err := s.seat(games, live/lanes+1, moves); err != nil {
			return 0, 0, err
		}
		// The same 1,000 games are played in both runs; the others only live.
		play := func(from, to int) error {
			return parallel(lanes, lanes, func(i int) error { return s.playAll(games[i][:1000/lanes], from, to) })
		}
		if err := play(2, 10); err != nil {
			return 0, 0, err
		}
		if err := s.settle(); err != nil {
			return 0, 0, err
		}
		before, err := s.cpu()
		if err != nil {
			return 0, 0, err
		}
		if err := play(10, 40); err != nil {
			return 0, 0, err
		}
		after, err := s.cpu()
		if err != nil {
			return 0, 0, err
		}
		rss, err := s.memory("VmRSS")
		return float64((after - before).Microseconds()) / float64(lanes*(1000/lanes)*30), rss, err
	}
	few, fewMiB, err := perMove(1000)
	if err != nil {
		return nil, err
	}
	many, manyMiB, err := perMove(20000)
	if err != nil {
		return nil, err
	}
	return []Row{atMost("CPU a move with 20,000 live games / with 1,000", many/few, 1.2, "", map[string]float64{
		"us with 20,000": many, "us with 1,000": few, "MiB with 20,000": manyMiB, "MiB with 1,000": fewMiB,
	})}, nil
}
