package main

import (
	"context"
	"fmt"
	"time"
)

// linger is how long the program keeps a game after its end, with some room for
// the collector to give memory back.
const linger = 90 * time.Second

// memoryMeasure is the resident memory of the program: idle, and after games
// that have come and gone.
func memoryMeasure(b *bench) ([]Row, error) {
	s, err := b.up("memory")
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
	const some, all = 2000, 20000
	if err := s.playOut(moves, some); err != nil {
		return nil, err
	}
	time.Sleep(linger)
	after, err := s.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	if err := s.playOut(moves, all-some); err != nil {
		return nil, err
	}
	time.Sleep(linger)
	end, err := s.memory("VmRSS")
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
			"MiB after 2,000": after, "MiB peak": peak, "plies a game": 80,
		}),
	}, nil
}

// playOut plays n games of len(moves[i]) plies over WebSockets, each ended by
// resignation.
func (s *server) playOut(moves [][]string, n int) error {
	ctx := context.Background()
	return parallel(n, socketLanes, func(i int) error {
		pair := s.pairs[i%len(s.pairs)]
		g, err := s.api.create(pair[0], pair[1], moves[i%len(moves)])
		if err != nil {
			return err
		}
		board, err := dialGame(ctx, s.api.base, g)
		if err != nil {
			return err
		}
		defer board.close()
		for range g.moves {
			if err := board.step(ctx); err != nil {
				return fmt.Errorf("game %s: %w", g.id, err)
			}
		}
		return s.api.post("/v1/games/"+g.id+"/resign", g.white.token, map[string]any{}, nil)
	})
}
