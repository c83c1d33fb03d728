package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"tabiya/internal/kafka"
)

// A light load over many games, so that what is measured is the takeover.
const (
	takeoverGames = 256
	takeoverRate  = 128 // moves a second
	takeoverKills = 5   // of each sort
)

// takeoverMeasure is how long the games stand whose processor was killed: where
// it is restarted at once, and where the other one has to take its partitions.
func takeoverMeasure(b *bench) ([]Row, error) {
	if !canRunKafka() {
		fmt.Fprintln(os.Stderr, "takeover: left out, an Apache Kafka needs a JDK 17 and Maven")
		return nil, nil
	}
	f, err := b.fleet("takeover")
	if err != nil {
		return nil, err
	}
	defer f.stop()
	moves, err := longGames(8, plies)
	if err != nil {
		return nil, err
	}
	var rows []Row
	session := kafka.Config{}.Session()
	for _, c := range []struct {
		measure   string
		reach     time.Duration
		restarted bool
	}{
		{"kill -9 of a games processor that is restarted at once: to the first move", 3 * time.Second, true},
		{"kill -9 of one that does not come back: to the first move", session + time.Second, false},
	} {
		took, err := f.takeovers(moves, c.restarted)
		if err != nil {
			return nil, err
		}
		slices.Sort(took)
		rows = append(rows, atMost(c.measure+", worst partition of all kills", took[len(took)-1].Seconds(), c.reach.Seconds(), "s", map[string]float64{
			"median s": took[len(took)/2].Seconds(), "kills": float64(len(took)), "session time-out s": session.Seconds(),
			"partitions of the dead": fleetPartitions / float64(len(f.members)), "games": takeoverGames, "moves/s": takeoverRate,
		}))
	}
	return rows, nil
}

// takeovers kills the members in turns under load. Of each kill it gives the time
// until all partitions of the dead have had a move accepted.
func (f *fleet) takeovers(moves [][]string, restarted bool) (took []time.Duration, err error) {
	seats := make([]games, takeoverGames)
	if err := f.services.seat(seats, 1, moves); err != nil {
		return nil, err
	}
	var playing []*game
	for _, lane := range seats {
		playing = append(playing, lane...)
	}
	var seen sightings
	stop, played := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := f.play(playing, takeoverRate, &seen, stop)
		played <- err
	}()
	for n := range takeoverKills {
		if err := eventually(time.Minute, f.whole); err != nil {
			return nil, err
		}
		// Some way into the load, and anywhere between two heartbeats.
		time.Sleep(3*time.Second + rand.N(3*time.Second))
		d, err := f.takeover(f.members[n%len(f.members)], restarted, &seen)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "  taken over in %s\n", d.Round(time.Millisecond))
		took = append(took, d)
	}
	close(stop)
	return took, <-played
}

func (f *fleet) takeover(victim *member, restarted bool, seen *sightings) (time.Duration, error) {
	partitions, err := victim.owned()
	if err != nil {
		return 0, err
	}
	killed := time.Now()
	if err := victim.kill(); err != nil {
		return 0, err
	}
	all := seen.expect(partitions)
	if restarted {
		if err := victim.start(); err != nil {
			return 0, err
		}
	}
	until, err := seen.wait(all, time.Minute)
	if err == nil && !restarted {
		err = victim.start()
	}
	return until.Sub(killed), err
}
