package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// liveMeasure is the program's CPU time per move with many live games divided by that
// with few, and the memory of a live game. Both programs run at the same time and
// alternate, since the machine's speed changes over minutes.
func liveMeasure(b *bench) ([]Row, error) {
	const base = 1000
	var rows []Row
	for _, many := range []struct {
		games  int
		target float64
	}{{20_000, 1.2}, {100_000, 1.1}} {
		f, m, err := b.compare(base, many.games)
		if err != nil {
			return nil, err
		}
		with := fmt.Sprintf(" with %d,000", many.games/1000)
		rows = append(rows, atMost("CPU a move"+with+" live games / with 1,000", m.perMove()/f.perMove(), many.target, "", map[string]float64{
			"us" + with: m.perMove(), "us with 1,000": f.perMove(), "MiB" + with: m.rss, "MiB with 1,000": f.rss,
			"KiB/live game": (m.heap - f.heap) * 1024 / float64(many.games-base),
		}))
	}
	return rows, nil
}

// compare plays in both programs, in the order few, many, many, few, so that a machine
// that slows down steadily affects both equally.
func (b *bench) compare(few, many int) (f, m *liveServer, err error) {
	if f, err = b.startLiveServer(few); err != nil {
		return nil, nil, err
	}
	defer f.stop()
	if m, err = b.startLiveServer(many); err != nil {
		return nil, nil, err
	}
	defer m.stop()
	for _, c := range []*liveServer{f, m, m, f} {
		if err := c.play(); err != nil {
			return nil, nil, err
		}
	}
	return f, m, errors.Join(f.readMemory(), m.readMemory())
}

// Size of the load. Both programs play the same number of games; the other games are
// only live. The plies are enough for a fair share of garbage collections, which are
// rare and expensive with a large heap. The warm-up plies let the heap of an idle
// program grow.
const (
	liveWorkers, livePlayed = 64, 1000 / 64 // games of each worker
	livePhases              = 2
	warmPlies, phasePlies   = 30, 60
)

// liveServer is the program with many live games.
type liveServer struct {
	*server
	profiler string
	games    []games       // to play in, by worker
	ply      int           // next ply in these games
	moves    int           // measured so far
	took     time.Duration // CPU time of these moves
	rss      float64       // resident memory, in MiB
	heap     float64       // live heap, in MiB
}

func (c *liveServer) perMove() float64 { return float64(c.took.Microseconds()) / float64(c.moves) }

// startLiveServer starts the program and creates n games.
func (b *bench) startLiveServer(n int) (c *liveServer, err error) {
	c = &liveServer{games: make([]games, liveWorkers), ply: openingPlies}
	if c.profiler, err = freeAddress(); err != nil {
		return nil, err
	}
	moves, err := longGames(8, openingPlies+livePhases*(warmPlies+phasePlies))
	if err != nil {
		return nil, err
	}
	c.server, err = b.up(fmt.Sprintf("live-%d-of-%d", n, time.Now().Unix()), slices.Concat([]string{"--debug-listen", c.profiler}, unpaced, quickArchive)...)
	if err != nil {
		return nil, err
	}
	err = c.assignGames(c.games, n/liveWorkers+1, moves)
	for i := range c.games {
		c.games[i] = c.games[i][:min(livePlayed, len(c.games[i]))]
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// play plays one phase.
func (c *liveServer) play() error {
	from := c.ply + warmPlies
	took, err := c.cpuWhilePlaying(c.games, c.ply, from, from+phasePlies)
	c.ply = from + phasePlies
	c.moves += liveWorkers * livePlayed * phasePlies
	c.took += took
	return err
}

// readMemory reads the program's memory.
func (c *liveServer) readMemory() (err error) {
	c.rss, c.heap, err = c.resident(c.profiler)
	return err
}
