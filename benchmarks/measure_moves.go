package main

import (
	"errors"
	"fmt"
	"strings"
)

// Lanes are the players that move at the same time.
const (
	httpLanes   = 256
	socketLanes = 256
	plies       = 300
)

// httpMeasure is throughput over HTTP against the bare echo.
func httpMeasure(b *bench) ([]Row, error) {
	s, err := b.up("http", shortFiles...)
	if err != nil {
		return nil, err
	}
	moves, err := longGames(8, plies)
	if err != nil {
		s.stop()
		return nil, err
	}
	ours, err := s.httpLoad(b, moves)
	s.stop() // what idles beside the echo would slow it
	if err != nil {
		return nil, err
	}
	bare, err := echoLoad(b, moves)
	if err != nil {
		return nil, fmt.Errorf("echo: %w", err)
	}
	return []Row{atLeast("moves/s over HTTP / requests/s of a bare Gin JSON echo", ours.perSecond()/bare.perSecond(), 0.4, "", map[string]float64{
		"moves/s": ours.perSecond(), "echo/s": bare.perSecond(), "move p99 ms": ours.p99ms(),
	})}, nil
}

// besideRate is how many records a second tell the log's own latency beside the
// moves: enough for a p99, few beside thousands of moves.
const besideRate = 200

// socketMeasure is throughput over WebSocket, and latency at half of it against
// a bare produce-then-consume on the same broker.
func socketMeasure(b *bench) ([]Row, error) {
	s, err := b.up("socket", shortFiles...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	moves, err := longGames(8, plies)
	if err != nil {
		return nil, err
	}
	full, err := s.socketLoad(b, moves, 0)
	if err != nil {
		return nil, err
	}
	// The log alone is asked twice: beside the moves, where both see the same
	// machine, and at the moves' rate on the idle program.
	var beside result
	logged := make(chan error, 1)
	go func() {
		var err error
		beside, err = s.logLoad(b, "bench-beside", besideRate)
		logged <- err
	}()
	half, err := s.socketLoad(b, moves, full.perSecond()/2)
	if err := errors.Join(err, <-logged); err != nil {
		return nil, fmt.Errorf("at half load: %w", err)
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	alone, err := s.logLoad(b, "bench-alone", full.perSecond()/2)
	if err != nil {
		return nil, fmt.Errorf("produce and consume: %w", err)
	}
	return []Row{
		atLeast("moves/s over WebSocket, sinks running", full.perSecond(), 12_000, "moves/s", map[string]float64{
			"p99 ms": full.p99ms(), "connections": 2 * socketLanes, "CPU us a move": full.serverUs, "generator's": full.clientUs,
		}),
		atMost("move p99 at half that load / produce-then-consume p99 beside it", half.p99ms()/beside.p99ms(), 5, "", map[string]float64{
			"moves/s": half.perSecond(), "move p99 ms": half.p99ms(), "move p50 ms": half.p50ms(),
			"produce-consume p99 ms": beside.p99ms(), "on the idle program ms": alone.p99ms(),
		}),
	}, nil
}

// supply gives a lane its games: one more for two players whenever it is asked.
func (s *server) supply(lane int, moves [][]string) func() (*game, error) {
	n := 0
	return func() (*game, error) {
		n++
		pair := s.pairs[lane%len(s.pairs)]
		return s.api.create(pair[0], pair[1], moves[(lane+n)%len(moves)])
	}
}

func (s *server) httpLoad(b *bench, moves [][]string) (result, error) {
	client := newAPI(s.api.base, "", httpLanes)
	lanes := make([]func() (bool, error), httpLanes)
	for i := range lanes {
		lanes[i] = overHTTP(client, s.supply(i, moves))
	}
	return drive(lanes, b.seconds, 0)
}

// echoLoad sends the same requests to the bare echo.
func echoLoad(b *bench, moves [][]string) (result, error) {
	p, base, err := startBare("-echo")
	if err != nil {
		return result{}, err
	}
	defer p.stop()
	client := newAPI(base, "", httpLanes)
	lanes := make([]func() (bool, error), httpLanes)
	for i := range lanes {
		who := player{token: strings.Repeat("t", 330)} // as long as a real one
		g := &game{id: "019ab0c4-0000-7000-8000-000000000000", white: who, black: who, moves: moves[i%len(moves)]}
		lanes[i] = overHTTP(client, func() (*game, error) { return g, nil })
	}
	return drive(lanes, b.seconds, 0)
}

// socketLoad plays one game a lane, over two sockets each.
func (s *server) socketLoad(b *bench, moves [][]string, rate float64) (r result, err error) {
	p, err := newPoller()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	lanes := make([]func() (bool, error), socketLanes)
	for i := range lanes {
		lanes[i] = overSockets(p, s.api.base, s.supply(i, moves))
	}
	// One ply each first, so that dialling is not in the figures.
	if err := parallel(socketLanes, 16, func(i int) error { _, err := lanes[i](); return err }); err != nil {
		return r, err
	}
	before, err := s.cpu()
	if err != nil {
		return r, err
	}
	ownBefore := ownCPU()
	r, err = drive(lanes, b.seconds, rate)
	if err != nil {
		return r, err
	}
	after, err := s.cpu()
	r.serverUs = float64((after - before).Microseconds()) / float64(r.done)
	r.clientUs = float64((ownCPU() - ownBefore).Microseconds()) / float64(r.done)
	return r, err
}
