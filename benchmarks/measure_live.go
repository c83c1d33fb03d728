package main

import (
	"errors"
	"fmt"
	"time"
)

// liveMeasure is the program's processor time a move with many live games
// against few, and the memory of a live game. Both programs run at the same time
// and take turns, since the machine does not run at one speed for minutes.
func liveMeasure(b *bench) ([]Row, error) {
	const base = 1000
	var rows []Row
	for _, many := range []struct {
		games int
		reach float64
	}{{20_000, 1.2}, {100_000, 1.1}} {
		f, m, err := b.compare(base, many.games)
		if err != nil {
			return nil, err
		}
		with := fmt.Sprintf(" with %d,000", many.games/1000)
		rows = append(rows, atMost("CPU a move"+with+" live games / with 1,000", m.perMove()/f.perMove(), many.reach, "", map[string]float64{
			"us" + with: m.perMove(), "us with 1,000": f.perMove(), "MiB" + with: m.rss, "MiB with 1,000": f.rss,
			"KiB a live game": (m.heap - f.heap) * 1024 / float64(many.games-base),
		}))
	}
	return rows, nil
}

// compare plays on in two programs: few, many, many, few. Where the machine gets
// slower all the time, it does so for both.
func (b *bench) compare(few, many int) (f, m *crowded, err error) {
	if f, err = b.crowded(few); err != nil {
		return nil, nil, err
	}
	defer f.stop()
	if m, err = b.crowded(many); err != nil {
		return nil, nil, err
	}
	defer m.stop()
	for _, c := range []*crowded{f, m, m, f} {
		if err := c.play(); err != nil {
			return nil, nil, err
		}
	}
	return f, m, errors.Join(f.weigh(), m.weigh())
}

// How many games are played on, by how many lanes: as many in each program, the
// others only live. The plies are so many that the collector, whose rounds are
// seldom and dear where much lives, has its fair part. Those before let the heap of
// a program that was at rest grow.
const (
	liveLanes, livePlayed = 64, 1000 / 64 // games of each lane
	livePhases            = 2
	warmPlies, phasePlies = 30, 60
)

// crowded is the program with many live games.
type crowded struct {
	*server
	profiler string
	games    []games // which are played on
	ply      int     // that is next in them
	moves    int
	took     time.Duration // processor time
	rss      float64       // resident, in MiB
	heap     float64       // live, in MiB
}

func (c *crowded) perMove() float64 { return float64(c.took.Microseconds()) / float64(c.moves) }

// crowded starts the program and seats n games.
func (b *bench) crowded(n int) (c *crowded, err error) {
	c = &crowded{games: make([]games, liveLanes), ply: opening}
	if c.profiler, err = freeAddress(); err != nil {
		return nil, err
	}
	moves, err := longGames(8, opening+livePhases*(warmPlies+phasePlies))
	if err != nil {
		return nil, err
	}
	c.server, err = b.up(fmt.Sprintf("live-%d-of-%d", n, time.Now().Unix()), append([]string{"--debug-listen", c.profiler}, shortFiles...)...)
	if err != nil {
		return nil, err
	}
	err = c.seat(c.games, n/liveLanes+1, moves)
	for i := range c.games {
		c.games[i] = c.games[i][:min(livePlayed, len(c.games[i]))]
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// play is one phase.
func (c *crowded) play() error {
	from := c.ply + warmPlies
	took, err := c.cpuOf(c.games, c.ply, from, from+phasePlies)
	c.ply = from + phasePlies
	c.moves += liveLanes * livePlayed * phasePlies
	c.took += took
	return err
}

// weigh reads the memory.
func (c *crowded) weigh() (err error) {
	c.rss, c.heap, err = c.resident(c.profiler)
	return err
}
