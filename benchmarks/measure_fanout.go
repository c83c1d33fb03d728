package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tabiya/schemas"
)

// fanoutMeasure is how many events a second come to watchers, against a bare
// broadcast of frames of the same size to as many connections.
func fanoutMeasure(b *bench) ([]Row, error) {
	var rows []Row
	for _, h := range []house{{1, 1000}, {1000, 10}} {
		row, err := h.row(b)
		if err != nil {
			return nil, fmt.Errorf("%d x %d: %w", h.games, h.watchers, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// house is how many games are watched, and by how many each.
type house struct{ games, watchers int }

func (h house) row(b *bench) (Row, error) {
	moves, err := longGames(8, plies)
	if err != nil {
		return Row{}, err
	}
	s, err := b.up(fmt.Sprintf("fanout-%d", h.games), shortFiles...)
	if err != nil {
		return Row{}, err
	}
	defer s.stop()
	program := stage{s.process, newAPI(s.api.base, "", h.games), func(i int) (*game, error) { return s.supply(i, moves)() }}
	var warm, ours, theirs shown
	if err := h.load(program, time.Second, &warm); err != nil {
		return Row{}, err
	}
	p, base, err := startBare("-broadcast", fmt.Sprint(warm.frame()))
	if err != nil {
		return Row{}, err
	}
	defer p.stop()
	who := player{token: strings.Repeat("t", 330)} // as long as a real one
	bare := stage{p, newAPI(base, "", h.games), func(i int) (*game, error) {
		return &game{schemas.NewID(), who, who, moves[i%len(moves)]}, nil
	}}
	if err := h.load(bare, time.Second, &warm); err != nil {
		return Row{}, fmt.Errorf("broadcast: %w", err)
	}
	for range turns {
		if err := h.load(program, b.seconds/turns, &ours); err != nil {
			return Row{}, err
		}
		if err := s.settle(); err != nil {
			return Row{}, err
		}
		if err := h.load(bare, b.seconds/turns, &theirs); err != nil {
			return Row{}, fmt.Errorf("broadcast: %w", err)
		}
	}
	name := fmt.Sprintf("events/s to watchers / a bare WebSocket broadcast, games x watchers %d x %d", h.games, h.watchers)
	return atLeast(name, ours.perSecond()/theirs.perSecond(), 0.7, "", map[string]float64{
		"events/s": ours.perSecond(), "CPU us an event": ours.us(ours.server), "cores busy": ours.cores(),
		"broadcast events/s": theirs.perSecond(), "broadcast CPU us": theirs.us(theirs.server), "broadcast cores busy": theirs.cores(),
		"generator's us": ours.us(ours.client), "bytes an event": float64(ours.frame()), "moves/s": ours.perSecond() / float64(h.watchers),
	}), nil
}

// turns is how often program and broadcast take turns, since the machine does
// not run at one speed for minutes.
const turns = 3

// stage is a server and what gives it its games.
type stage struct {
	*process
	client *api // makes the moves
	next   func(i int) (*game, error)
}

// shown is what has come to all watchers, and what it took.
type shown struct {
	events, bytes        int64
	took, server, client time.Duration // on the wall, of both processes' processors
}

func (s shown) perSecond() float64 { return float64(s.events) / s.took.Seconds() }

// frame is the mean size of an event's frame in bytes.
func (s shown) frame() int64 { return s.bytes / max(1, s.events) }

// us is an event's share of d in microseconds.
func (s shown) us(d time.Duration) float64 { return float64(d.Microseconds()) / float64(s.events) }

// cores is how many processors server and generator keep busy together.
func (s shown) cores() float64 { return (s.server + s.client).Seconds() / s.took.Seconds() }

// load plays sets of games, one after the other since games end, until it has
// played for d, and adds what it sees to sum.
func (h house) load(at stage, d time.Duration, sum *shown) error {
	for end := sum.took + d; sum.took < end; {
		if err := h.play(at, end-sum.took, sum); err != nil {
			return err
		}
	}
	return nil
}

// play is one set: all games go on until the time is over or they are.
func (h house) play(at stage, d time.Duration, sum *shown) (err error) {
	w, err := newWatchers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	lanes, err := h.seat(at, w)
	if err != nil {
		return err
	}
	if err := at.settle(); err != nil {
		return err
	}
	before, err := at.cpu()
	if err != nil {
		return err
	}
	ownBefore := ownCPU()
	r, err := drive(lanes, d, 0)
	if err != nil {
		return err
	}
	after, err := at.cpu()
	sum.took += r.took
	sum.server += after - before
	sum.client += ownCPU() - ownBefore
	sum.events += w.events.Load()
	sum.bytes += w.bytes.Load()
	return err
}

// seat makes the games, in which both sides have moved once, and their watchers.
func (h house) seat(at stage, w *watchers) ([]func() (bool, error), error) {
	lanes := make([]func() (bool, error), h.games)
	audiences := make([]*audience, h.games)
	games := make([]*game, h.games)
	err := parallel(h.games, 16, func(i int) (err error) {
		if games[i], err = at.next(i); err != nil {
			return err
		}
		for ply := range opening {
			if err := at.client.move(games[i], ply); err != nil {
				return fmt.Errorf("ply %d of %s: %w", ply+1, games[i].id, err)
			}
		}
		audiences[i] = newAudience(h.watchers)
		lanes[i] = show(at.client, games[i], audiences[i])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lanes, parallel(h.games*h.watchers, 16, func(i int) error {
		return w.watch(at.client.base, games[i%h.games], audiences[i%h.games])
	})
}

// show is a lane that plays a game over HTTP to its audience. The next move is
// made when one watcher has the last one and all have what came `ahead` before:
// while a move goes through the log its predecessors are being written, so that
// nothing but work takes time.
func show(client *api, g *game, a *audience) func() (bool, error) {
	ply := opening
	return func() (bool, error) {
		if err := client.move(g, ply); err != nil {
			return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
		}
		if err := await(a.first); err != nil {
			return false, err
		}
		if ply-opening >= ahead {
			if err := await(a.all); err != nil {
				return false, err
			}
		}
		ply++
		return ply < len(g.moves), nil
	}
}
