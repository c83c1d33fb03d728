package main

import (
	"fmt"
)

// liveMeasure is the program's processor time a move with many live games
// against few, and the memory of a live game.
func liveMeasure(b *bench) ([]Row, error) {
	const base = 1000
	few, err := b.live(base)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, many := range []struct {
		games int
		reach float64
	}{{20_000, 1.2}, {100_000, 1.1}} {
		l, err := b.live(many.games)
		if err != nil {
			return nil, err
		}
		with := fmt.Sprintf(" with %d,000", many.games/1000)
		rows = append(rows, atMost("CPU a move"+with+" live games / with 1,000", l.perMove/few.perMove, many.reach, "", map[string]float64{
			"us" + with: l.perMove, "us with 1,000": few.perMove, "MiB" + with: l.rss, "MiB with 1,000": few.rss,
			"KiB a live game": (l.heap - few.heap) * 1024 / float64(many.games-base),
		}))
	}
	return rows, nil
}

// crowded is the program with many live games.
type crowded struct {
	perMove   float64 // processor time a move, in us
	rss, heap float64 // resident and live, in MiB
}

// live seats n games and plays on in some of them: long enough that the
// collector, whose rounds are seldom and dear where much lives, has its fair part.
func (b *bench) live(n int) (c crowded, err error) {
	const (
		lanes, played = 64, 1000 / 64 // games of each lane
		first, last   = 10, 130       // plies that count
	)
	profiler, err := freeAddress()
	if err != nil {
		return c, err
	}
	s, err := b.up(fmt.Sprintf("live-%d", n), append([]string{"--debug-listen", profiler}, shortFiles...)...)
	if err != nil {
		return c, err
	}
	defer s.stop()
	moves, err := longGames(8, last)
	if err != nil {
		return c, err
	}
	all := make([]games, lanes)
	if err := s.seat(all, n/lanes+1, moves); err != nil {
		return c, err
	}
	// As many games are played in each run; the others only live.
	for i := range all {
		all[i] = all[i][:played]
	}
	if _, err := s.cpuOf(all, opening, first); err != nil { // warms up
		return c, err
	}
	took, err := s.cpuOf(all, first, last)
	if err != nil {
		return c, err
	}
	c.perMove = float64(took.Microseconds()) / (lanes * played * (last - first))
	c.rss, c.heap, err = s.resident(profiler)
	return c, err
}
