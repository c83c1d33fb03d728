package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"tabiya/internal/kafka"
)

// A light load over many games, so that the load does not slow the takeover down.
const (
	takeoverGames = 256
	takeoverRate  = 128 // moves a second
	takeoverKills = 5   // per kind
)

// takeoverMeasure is how long games are stopped when their processor is killed: if it is
// restarted at once, and if the other processor has to take over its partitions.
func takeoverMeasure(b *bench) ([]Row, error) {
	if !canRunKafka() {
		fmt.Fprintln(os.Stderr, "takeover: skipped, Apache Kafka needs Java 17 and Maven")
		return nil, nil
	}
	f, err := b.startCluster("takeover")
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
		target    time.Duration
		restarted bool
	}{
		{"kill -9 of a games processor until the next move, restarted at once", 3 * time.Second, true},
		{"kill -9 of a games processor until the next move, not restarted", session + time.Second, false},
	} {
		took, err := f.takeovers(moves, c.restarted)
		if err != nil {
			return nil, err
		}
		slices.Sort(took)
		rows = append(rows, atMost(c.measure+", worst partition of all kills", took[len(took)-1].Seconds(), c.target.Seconds(), "s", map[string]float64{
			"median s": took[len(took)/2].Seconds(), "kills": float64(len(took)), "session timeout s": session.Seconds(),
			"partitions taken over": clusterPartitions / float64(len(f.processors)), "games": takeoverGames, "moves/s": takeoverRate,
		}))
	}
	return rows, nil
}

// takeovers kills the processors alternately under load. For each kill it returns the
// time until a move was accepted on every partition of the killed processor.
func (f *cluster) takeovers(moves [][]string, restarted bool) (took []time.Duration, err error) {
	workers := make([]games, takeoverGames)
	if err := f.services.assignGames(workers, 1, moves); err != nil {
		return nil, err
	}
	var playing []*game
	for _, worker := range workers {
		playing = append(playing, worker...)
	}
	var seen takeoverTracker
	stop, played := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := f.play(playing, takeoverRate, &seen, stop)
		played <- err
	}()
	for n := range takeoverKills {
		if err := retryFor(time.Minute, f.checkBalanced); err != nil {
			return nil, err
		}
		// A random time, so that kills fall anywhere between two heartbeats.
		time.Sleep(3*time.Second + rand.N(3*time.Second))
		d, err := f.takeover(f.processors[n%len(f.processors)], restarted, &seen)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "  taken over in %s\n", d.Round(time.Millisecond))
		took = append(took, d)
	}
	close(stop)
	return took, <-played
}

func (f *cluster) takeover(victim *gamesProcessor, restarted bool, seen *takeoverTracker) (time.Duration, error) {
	partitions, err := victim.ownedPartitions()
	if err != nil {
		return 0, err
	}
	killed := time.Now()
	if err := victim.kill(); err != nil {
		return 0, err
	}
	all := seen.start(partitions)
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
