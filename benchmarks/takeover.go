package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// sightings notes when partitions that have lost their owner have a new one: a
// move that was sent after the kill is accepted.
type sightings struct {
	mu      sync.Mutex
	after   time.Time // when the owner was dead
	missing map[int32]bool
	last    time.Time // when the newest of them was seen
	all     chan struct{}
}

// expect begins to wait for the partitions of an owner that is dead.
func (s *sightings) expect(partitions []int32) (all <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.missing, s.all = time.Now(), make(map[int32]bool), make(chan struct{})
	for _, p := range partitions {
		s.missing[p] = true
	}
	return s.all
}

// accepted notes a move.
func (s *sightings) accepted(partition int32, sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.missing[partition] || sent.Before(s.after) {
		return
	}
	delete(s.missing, partition)
	s.last = time.Now()
	if len(s.missing) == 0 {
		close(s.all)
	}
}

// wait gives when the last of them was seen.
func (s *sightings) wait(all <-chan struct{}, limit time.Duration) (time.Time, error) {
	select {
	case <-all:
	case <-time.After(limit):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.missing) > 0 {
		return time.Time{}, fmt.Errorf("no move was accepted on %d partitions within %s", len(s.missing), limit)
	}
	return s.last, nil
}

// play moves in all games, rate moves a second together, until stop is closed.
func (f *fleet) play(games []*game, rate float64, seen *sightings, stop <-chan struct{}) (result, error) {
	// Without patience, since the client's own pauses would be in what is measured.
	c := client.New(client.Config{URL: f.services.api.base, Connections: len(games)})
	lanes := make([]func() (bool, error), len(games))
	for i, g := range games {
		partition, ply := partitionOf(g.id), 2 // its first moves are made
		lanes[i] = func() (bool, error) {
			select {
			case <-stop:
				return false, nil
			default:
			}
			sent := time.Now()
			if err := untilAnswered(c, g, ply); err != nil {
				return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
			}
			seen.accepted(partition, sent)
			ply++
			return ply < len(g.moves), nil
		}
	}
	return drive(lanes, time.Hour, rate)
}

// untilAnswered plays ply (from 0), again and again with the same key while what
// became of it is not known.
func untilAnswered(c *client.Client, g *game, ply int) error {
	who, key := g.mover(ply), schemas.NewID()
	for {
		_, err := c.Move(context.Background(), client.Player{ID: who.id, Token: who.token}, g.id, key, g.moves[ply], ply+1)
		switch client.CodeOf(err) {
		case schemas.CodeOutcomeUnknown, schemas.CodeUnavailable:
			time.Sleep(10 * time.Millisecond)
		default:
			return err
		}
	}
}
