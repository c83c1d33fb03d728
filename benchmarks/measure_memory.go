package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gameRetention is how long to wait until the program has evicted finished games and the
// garbage collector has returned the memory.
const gameRetention = 3 * time.Minute

// memoryMeasure is the program's memory when idle and after many games have ended: the
// resident memory, and the live heap, which alone shows whether it grows with the
// number of games.
func memoryMeasure(b *bench) ([]Row, error) {
	profiler, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s, err := b.up("memory", append([]string{"--debug-listen", profiler}, unpaced...)...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	time.Sleep(10 * time.Second)
	idle, err := s.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	moves, err := longGames(16, 80)
	if err != nil {
		return nil, err
	}
	// After the first part, all bounded caches are full.
	const some, all = 10_000, 20_000
	if err := s.playToResignation(moves, some); err != nil {
		return nil, err
	}
	time.Sleep(gameRetention)
	after, liveAfter, err := s.resident(profiler)
	if err != nil {
		return nil, err
	}
	if err := s.playToResignation(moves, all-some); err != nil {
		return nil, err
	}
	time.Sleep(gameRetention)
	end, liveEnd, err := s.resident(profiler)
	if err != nil {
		return nil, err
	}
	peak, err := s.memory("VmHWM")
	if err != nil {
		return nil, err
	}
	return []Row{
		atMost("resident memory, idle", idle, 300, "MiB", nil),
		atMost("resident memory after 20,000 games", end, 300, "MiB", map[string]float64{
			"MiB after 10,000": after, "MiB peak": peak, "plies/game": 80,
		}),
		atMost("live heap after 20,000 games / after 10,000", liveEnd/liveAfter, 1.1, "", map[string]float64{
			"MiB after 10,000": liveAfter, "MiB after 20,000": liveEnd,
		}),
	}, nil
}

// peakMeasure is how much memory the program takes at most while games are played as fast
// as it can.
func peakMeasure(b *bench) ([]Row, error) {
	s, err := b.up("peak", unpaced...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const games, plies = 20_000, 80
	moves, err := longGames(16, plies)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := s.playToResignation(moves, games); err != nil {
		return nil, err
	}
	took := time.Since(start)
	peak, err := s.memory("VmHWM")
	if err != nil {
		return nil, err
	}
	return []Row{atMost("resident memory at most, while 20,000 games are played", peak, 600, "MiB", map[string]float64{
		"games/s": games / took.Seconds(), "plies/game": plies,
	})}, nil
}

// resident returns the program's resident memory and then its live heap, in MiB.
func (s *server) resident(profiler string) (rss, live float64, err error) {
	if rss, err = s.memory("VmRSS"); err != nil {
		return 0, 0, err
	}
	for range 3 { // pooled objects survive a first collection
		if _, err := read("http://" + profiler + "/debug/pprof/heap?gc=1"); err != nil {
			return 0, 0, err
		}
	}
	text, err := read(s.ops + "/metrics")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "go_memstats_heap_alloc_bytes "); ok {
			bytes, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return rss, bytes / (1 << 20), err
		}
	}
	return 0, 0, errors.New("no heap size in /metrics")
}

func read(url string) (string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("get %s: %s", url, resp.Status)
	}
	return string(text), err
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// playToResignation plays n games of len(moves[i]) plies over WebSockets. White resigns
// each at the end.
func (s *server) playToResignation(moves [][]string, n int) (err error) {
	p, err := newPoller()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return parallel(n, socketWorkers, func(i int) error {
		pair := s.pairs[i%len(s.pairs)]
		g, err := s.api.create(pair[0], pair[1], moves[i%len(moves)])
		if err != nil {
			return err
		}
		board, err := dialGame(p, s.api.base, g)
		if err != nil {
			return err
		}
		defer board.close()
		for range g.moves {
			if err := board.step(); err != nil {
				return fmt.Errorf("game %s: %w", g.id, err)
			}
		}
		return s.api.post("/v1/games/"+g.id+"/resign", g.white.token, map[string]any{}, nil)
	})
}
