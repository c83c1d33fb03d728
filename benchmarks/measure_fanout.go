package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tabiya/schemas"
)

// fanoutMeasure is how many events a second reach watchers, divided by the same for the
// broadcast baseline with frames of the same size and as many connections.
func fanoutMeasure(b *bench) ([]Row, error) {
	var rows []Row
	for _, f := range []fanout{{1, 1000}, {1000, 10}} {
		row, err := f.row(b)
		if err != nil {
			return nil, fmt.Errorf("%d x %d: %w", f.games, f.watchers, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fanout is a number of games and of watchers per game.
type fanout struct{ games, watchers int }

func (f fanout) row(b *bench) (Row, error) {
	moves, err := longGames(8, plies)
	if err != nil {
		return Row{}, err
	}
	s, err := b.up(fmt.Sprintf("fanout-%d", f.games), append(unpaced, quickArchive...)...)
	if err != nil {
		return Row{}, err
	}
	defer s.stop()
	if err := s.register(pairsOfMovers); err != nil { // else a player would have too many moves in flight
		return Row{}, err
	}
	program := target{s.process, newAPI(s.api.base, "", f.games), func(i int) (*game, error) { return s.gameSupply(i, moves)() }}
	var warm, ours, theirs delivery
	if err := f.load(program, time.Second, &warm); err != nil {
		return Row{}, err
	}
	p, base, err := startBaseline("-broadcast", fmt.Sprint(warm.frame()))
	if err != nil {
		return Row{}, err
	}
	defer p.stop()
	who := player{token: strings.Repeat("t", 330)} // as long as a real one
	baseline := target{p, newAPI(base, "", f.games), func(i int) (*game, error) {
		return &game{schemas.NewID(), who, who, moves[i%len(moves)]}, nil
	}}
	if err := f.load(baseline, time.Second, &warm); err != nil {
		return Row{}, fmt.Errorf("broadcast: %w", err)
	}
	for range alternations {
		if err := f.load(program, b.seconds/alternations, &ours); err != nil {
			return Row{}, err
		}
		if err := s.waitUntilIdle(); err != nil {
			return Row{}, err
		}
		if err := f.load(baseline, b.seconds/alternations, &theirs); err != nil {
			return Row{}, fmt.Errorf("broadcast: %w", err)
		}
	}
	name := fmt.Sprintf("events/s to watchers / a bare WebSocket broadcast, games x watchers %d x %d", f.games, f.watchers)
	return atLeast(name, ours.perSecond()/theirs.perSecond(), 0.7, "", map[string]float64{
		"events/s": ours.perSecond(), "CPU us/event": ours.us(ours.server), "cores busy": ours.cores(),
		"broadcast events/s": theirs.perSecond(), "broadcast CPU us/event": theirs.us(theirs.server), "broadcast cores busy": theirs.cores(),
		"generator CPU us/event": ours.us(ours.client), "bytes/event": float64(ours.frame()), "moves/s": ours.perSecond() / float64(f.watchers),
	}), nil
}

// alternations is how often the load switches between program and baseline. They
// alternate because the machine's speed changes over minutes.
const alternations = 3

// target is a server under load and the source of its games.
type target struct {
	*process
	client *api // plays the moves
	next   func(i int) (*game, error)
}

// delivery is what reached the watchers, and what it took.
type delivery struct {
	events, bytes        int64
	took, server, client time.Duration // wall time, and CPU time of server and generator
}

func (s delivery) perSecond() float64 { return float64(s.events) / s.took.Seconds() }

// frame returns the mean size of an event's frame in bytes.
func (s delivery) frame() int64 { return s.bytes / max(1, s.events) }

// us returns an event's share of d in microseconds.
func (s delivery) us(d time.Duration) float64 { return float64(d.Microseconds()) / float64(s.events) }

// cores returns how many cores server and load generator kept busy together.
func (s delivery) cores() float64 { return (s.server + s.client).Seconds() / s.took.Seconds() }

// load plays one set of games after the other, since games end, until it has played for
// d. It adds what it measures to sum.
func (f fanout) load(at target, d time.Duration, sum *delivery) error {
	for end := sum.took + d; sum.took < end; {
		if err := f.play(at, end-sum.took, sum); err != nil {
			return err
		}
	}
	return nil
}

// play plays one set of games until d is over or the games end.
func (f fanout) play(at target, d time.Duration, sum *delivery) (err error) {
	w, err := newWatchers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	workers, err := f.createGames(at, w)
	if err != nil {
		return err
	}
	if err := at.waitUntilIdle(); err != nil {
		return err
	}
	before, err := at.cpu()
	if err != nil {
		return err
	}
	ownBefore := ownCPU()
	r, err := drive(workers, d, 0)
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

// createGames creates the games, plays their opening plies, and connects their watchers.
func (f fanout) createGames(at target, w *watchers) ([]step, error) {
	workers := make([]step, f.games)
	audiences := make([]*audience, f.games)
	games := make([]*game, f.games)
	err := parallel(f.games, 16, func(i int) (err error) {
		if games[i], err = at.next(i); err != nil {
			return err
		}
		for ply := range openingPlies {
			if err := at.client.move(games[i], ply); err != nil {
				return fmt.Errorf("ply %d of %s: %w", ply+1, games[i].id, err)
			}
		}
		audiences[i] = newAudience(f.watchers)
		workers[i] = show(at.client, games[i], audiences[i])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return workers, parallel(f.games*f.watchers, 16, func(i int) error {
		return w.watch(at.client.base, games[i%f.games], audiences[i%f.games])
	})
}

// show plays a game over HTTP to its audience. It plays the next move when one watcher
// has received the last one and all have received those before the last maxAhead:
// while one move goes through the log, earlier ones are written to the watchers, so
// that no time is spent waiting.
func show(client *api, g *game, a *audience) step {
	ply := openingPlies
	return func() (bool, error) {
		if err := client.move(g, ply); err != nil {
			return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
		}
		if err := waitFor(a.first); err != nil {
			return false, err
		}
		if ply-openingPlies >= maxAhead {
			if err := waitFor(a.all); err != nil {
				return false, err
			}
		}
		ply++
		return ply < len(g.moves), nil
	}
}
