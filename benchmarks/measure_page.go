package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	pageWatchers = 200 // of the game that the page shows, the page not counted
	// pageMoveEvery is the time between two moves of a game, enough for everything that a
	// move causes to be done before the next.
	pageMoveEvery = 60 * time.Millisecond
	// pageTurns is how often the watchers come and go: the machine's speed changes over
	// minutes.
	pageTurns = 3
)

// pageMeasure is how long a move of the opponent takes from the log to the screen of a
// player, and whether 200 watchers of that game slow anybody's move. A browser shows the
// page; moves are played in its game and in another one in turns.
func pageMeasure(b *bench) ([]Row, error) {
	if !haveNode() {
		fmt.Fprintln(os.Stderr, "bench: the page is not measured: it needs Node and `make web`")
		return nil, nil
	}
	s, err := b.up("page", unpaced...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	moves, err := longGames(2, plies)
	if err != nil {
		return nil, err
	}
	var both [2]*game // the first is on the page of White
	for i := range both {
		if both[i], err = s.api.create(s.pairs[i][0], s.pairs[i][1], moves[i]); err != nil {
			return nil, err
		}
	}
	p, err := openPage(s.api.base, both[0].id, handleOf(0))
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := s.waitUntilIdle(); err != nil {
		return nil, err
	}
	l := pageLoad{server: s, games: both, alone: newTimes(), watched: newTimes(), watchedFrom: make(map[int]bool)}
	for range pageTurns {
		if err := l.turn(b.seconds / (2 * pageTurns)); err != nil {
			return nil, err
		}
	}
	seen, err := p.close()
	if err != nil {
		return nil, err
	}
	return l.rows(seen)
}

// pageLoad is what was played.
type pageLoad struct {
	server         *server
	games          [2]*game
	ply            int          // of both games
	alone, watched *times       // of moves, without and with the watchers
	watchedFrom    map[int]bool // by ply, from 1
}

// turn plays for d without watchers, and for d with them.
func (l *pageLoad) turn(d time.Duration) (err error) {
	if err := l.play(d, l.alone, false); err != nil {
		return err
	}
	w, err := newWatchers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	err = parallel(pageWatchers, 8, func(int) error { return w.count(l.server.api.base, l.games[0]) })
	if err != nil {
		return err
	}
	before := w.events.Load()
	if err := l.play(d, l.watched, true); err != nil {
		return err
	}
	if w.events.Load() == before {
		return errors.New("no event has reached the watchers")
	}
	return nil
}

func (l *pageLoad) play(d time.Duration, into *times, watched bool) error {
	if err := l.server.waitUntilIdle(); err != nil {
		return err
	}
	tick := time.NewTicker(pageMoveEvery)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end) && l.ply < plies; l.ply++ {
		for _, g := range l.games {
			<-tick.C
			start := time.Now()
			if err := l.server.api.move(g, l.ply); err != nil {
				return fmt.Errorf("ply %d of %s: %w", l.ply+1, g.id, err)
			}
			into.add(time.Since(start))
		}
		l.watchedFrom[l.ply+1] = watched
	}
	return nil
}

// rows computes the rows. The page is White's: the opponent's plies are the even ones.
func (l *pageLoad) rows(seen seenPage) ([]Row, error) {
	logged, err := l.server.api.moveTimes(l.games[0].id, l.ply)
	if err != nil {
		return nil, err
	}
	alone, watched := newTimes(), newTimes()
	for _, paint := range seen.Paints {
		at, ok := logged[paint.Ply]
		if !ok || paint.Ply%2 != 0 {
			continue
		}
		into := alone
		if l.watchedFrom[paint.Ply] {
			into = watched
		}
		into.add(time.UnixMicro(int64(paint.At * 1000)).Sub(at))
	}
	if 2*(alone.count()+watched.count()) < int64(l.ply)*9/10 {
		return nil, fmt.Errorf("the page painted %d of %d moves of the opponent", alone.count()+watched.count(), l.ply/2)
	}
	return []Row{
		atMost("the opponent's move in the log to its paint on a player's page, median", alone.p(50), 50, "ms", map[string]float64{
			"p95 ms": alone.p(95), "moves": float64(alone.count()), "with 200 watchers ms": watched.p(50), "p95 with 200 watchers ms": watched.p(95),
		}),
		atMost("move p50 with 200 watchers of one of two games / without", l.watched.p(50)/l.alone.p(50), 1.2, "", map[string]float64{
			"ms": l.watched.p(50), "ms without": l.alone.p(50), "p95 ms": l.watched.p(95), "p95 ms without": l.alone.p(95), "moves": float64(l.watched.count()),
		}),
		atMost("first load of a game's page, compressed", seen.FirstLoadBytes/1024, 250, "KiB", nil),
	}, nil
}

// times are latencies.
type times struct{ h *hdrhistogram.Histogram }

func newTimes() *times { return &times{hdrhistogram.New(1, 60_000_000, 3)} }

func (t *times) add(d time.Duration) { _ = t.h.RecordValue(max(1, d.Microseconds())) }

func (t *times) count() int64 { return t.h.TotalCount() }

// p returns a percentile in milliseconds.
func (t *times) p(percentile float64) float64 {
	return float64(t.h.ValueAtQuantile(percentile)) / 1000
}
