package main

import (
	"errors"
	"fmt"
	"strings"
)

// Size of the loads: games played at the same time, and plies per game.
const (
	httpWorkers   = 256
	socketWorkers = 256
	plies         = 300
)

// httpMeasure is the throughput of moves over HTTP divided by that of the echo baseline.
func httpMeasure(b *bench) ([]Row, error) {
	s, err := b.up("http", quickArchive...)
	if err != nil {
		return nil, err
	}
	moves, err := longGames(8, plies)
	if err := errors.Join(err, s.register(pairsOfMovers)); err != nil {
		s.stop()
		return nil, err
	}
	ours, err := s.httpLoad(b, moves)
	s.stop() // an idle program would slow the baseline down
	if err != nil {
		return nil, err
	}
	baseline, err := echoLoad(b, moves)
	if err != nil {
		return nil, fmt.Errorf("echo: %w", err)
	}
	return []Row{atLeast("moves/s over HTTP / requests/s of a bare Gin JSON echo", ours.perSecond()/baseline.perSecond(), 0.4, "", map[string]float64{
		"moves/s": ours.perSecond(), "echo/s": baseline.perSecond(), "move p99 ms": ours.p99ms(),
	})}, nil
}

// logProbeRate is how many records a second measure the log's own latency during the
// load: enough for a p99, and few compared to thousands of moves.
const logProbeRate = 200

// socketMeasure is the throughput over WebSocket, and the latency at half of it divided
// by that of a bare produce-then-consume on the same broker.
func socketMeasure(b *bench) ([]Row, error) {
	s, err := b.up("socket", quickArchive...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	moves, err := longGames(8, plies)
	if err := errors.Join(err, s.register(pairsOfMovers)); err != nil {
		return nil, err
	}
	full, err := s.socketLoad(b, moves, 0)
	if err != nil {
		return nil, err
	}
	// The log's own latency is measured twice: during the moves, under the same
	// conditions, and with the rate of the moves while the program is idle.
	var beside result
	logged := make(chan error, 1)
	go func() {
		var err error
		beside, err = s.measureLog(b, "bench-beside", logProbeRate)
		logged <- err
	}()
	half, err := s.socketLoad(b, moves, full.perSecond()/2)
	if err := errors.Join(err, <-logged); err != nil {
		return nil, fmt.Errorf("at half load: %w", err)
	}
	if err := s.waitUntilIdle(); err != nil {
		return nil, err
	}
	alone, err := s.measureLog(b, "bench-alone", full.perSecond()/2)
	if err != nil {
		return nil, fmt.Errorf("produce and consume: %w", err)
	}
	return []Row{
		atLeast("moves/s over WebSocket, sinks running", full.perSecond(), 12_000, "moves/s", map[string]float64{
			"p99 ms": full.p99ms(), "connections": 2 * socketWorkers, "CPU us/move": full.serverUs, "generator CPU us/move": full.clientUs,
		}),
		atMost("move p99 at half that load / produce-then-consume p99 beside it", half.p99ms()/beside.p99ms(), 5, "", map[string]float64{
			"moves/s": half.perSecond(), "move p99 ms": half.p99ms(), "move p50 ms": half.p50ms(),
			"produce-consume p99 ms": beside.p99ms(), "produce-consume p99 ms, idle program": alone.p99ms(),
		}),
	}, nil
}

// gameSupply returns a function that creates a new game for the worker's two players.
func (s *server) gameSupply(worker int, moves [][]string) func() (*game, error) {
	n := 0
	return func() (*game, error) {
		n++
		pair := s.pairs[worker%len(s.pairs)]
		return s.api.create(pair[0], pair[1], moves[(worker+n)%len(moves)])
	}
}

func (s *server) httpLoad(b *bench, moves [][]string) (result, error) {
	client := newAPI(s.api.base, "", httpWorkers)
	workers := make([]step, httpWorkers)
	for i := range workers {
		workers[i] = httpWorker(client, s.gameSupply(i, moves))
	}
	return drive(workers, b.seconds, 0)
}

// echoLoad sends the same requests to the echo baseline.
func echoLoad(b *bench, moves [][]string) (result, error) {
	p, base, err := startBaseline("-echo")
	if err != nil {
		return result{}, err
	}
	defer p.stop()
	client := newAPI(base, "", httpWorkers)
	workers := make([]step, httpWorkers)
	for i := range workers {
		who := player{token: strings.Repeat("t", 330)} // as long as a real one
		g := &game{id: "019ab0c4-0000-7000-8000-000000000000", white: who, black: who, moves: moves[i%len(moves)]}
		workers[i] = httpWorker(client, func() (*game, error) { return g, nil })
	}
	return drive(workers, b.seconds, 0)
}

// socketLoad plays one game per worker, over two sockets each.
func (s *server) socketLoad(b *bench, moves [][]string, rate float64) (r result, err error) {
	p, err := newPoller()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	workers := make([]step, socketWorkers)
	for i := range workers {
		workers[i] = socketWorker(p, s.api.base, s.gameSupply(i, moves))
	}
	// One ply each first, so that connecting is not measured.
	if err := parallel(socketWorkers, 16, func(i int) error { _, err := workers[i](); return err }); err != nil {
		return r, err
	}
	before, err := s.cpu()
	if err != nil {
		return r, err
	}
	ownBefore := ownCPU()
	r, err = drive(workers, b.seconds, rate)
	if err != nil {
		return r, err
	}
	after, err := s.cpu()
	r.serverUs = float64((after - before).Microseconds()) / float64(r.done)
	r.clientUs = float64((ownCPU() - ownBefore).Microseconds()) / float64(r.done)
	return r, err
}
