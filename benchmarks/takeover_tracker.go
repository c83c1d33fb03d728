package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// takeoverTracker records when the partitions of a killed processor have a new owner,
// which is when a move sent after the kill is accepted.
type takeoverTracker struct {
	mu      sync.Mutex
	after   time.Time      // when the owner was killed
	missing map[int32]bool // partitions without a new owner
	last    time.Time      // when the last partition got a new owner
	all     chan struct{}  // closed when missing is empty
}

// start begins to wait for a new owner of the partitions. It returns a channel that is
// closed when all have one.
func (s *takeoverTracker) start(partitions []int32) (all <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.missing, s.all = time.Now(), make(map[int32]bool), make(chan struct{})
	for _, p := range partitions {
		s.missing[p] = true
	}
	return s.all
}

// accepted records an accepted move and when it was sent.
func (s *takeoverTracker) accepted(partition int32, sent time.Time) {
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

// wait returns when the last of the partitions got a new owner.
func (s *takeoverTracker) wait(all <-chan struct{}, limit time.Duration) (time.Time, error) {
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

// play plays moves in all games, rate moves a second in total, until stop is closed.
func (f *cluster) play(games []*game, rate float64, seen *takeoverTracker, stop <-chan struct{}) (result, error) {
	// No Patience, since the client's pauses between retries would be measured too.
	c := client.New(client.Config{URL: f.services.api.base, Connections: len(games)})
	workers := make([]step, len(games))
	for i, g := range games {
		partition, ply := partitionOf(g.id), 2 // the opening plies are played
		workers[i] = func() (bool, error) {
			select {
			case <-stop:
				return false, nil
			default:
			}
			sent := time.Now()
			if err := moveUntilAnswered(c, g, ply); err != nil {
				return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
			}
			seen.accepted(partition, sent)
			ply++
			return ply < len(g.moves), nil
		}
	}
	return drive(workers, time.Hour, rate)
}

// moveUntilAnswered plays a ply (from 0). It repeats the request with the same key while
// the outcome is unknown.
func moveUntilAnswered(c *client.Client, g *game, ply int) error {
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
