package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/client"
)

// queueLanes are one for each queue (region and pool): with one pair at a time
// in each, a pair can only be matched with itself.
func (r *run) queueLanes(ctx context.Context) ([]lane, error) {
	regions, err := r.client.Regions(ctx)
	if err != nil {
		return nil, err
	}
	var lanes []lane
	for _, region := range regions {
		for _, pool := range r.cfg.Pools {
			if len(lanes) < r.cfg.Concurrency {
				lanes = append(lanes, r.matched(region, pool))
			}
		}
	}
	if len(lanes) == 0 {
		return nil, errors.New("the server has no queues")
	}
	return lanes, nil
}

// matched brings two players to the board through the front door: both join the
// queue, and find the game that the matchmaker made on their own streams. The
// accounts are this game's alone: with the ratings of earlier games the two
// could be too far apart to be matched.
func (r *run) matched(region, pool string) lane {
	return func(ctx context.Context, g game, key string) (table, error) {
		one, err := r.players.register(ctx, key+g.white, g.white)
		if err != nil {
			return table{}, err
		}
		other, err := r.players.register(ctx, key+g.black, g.black)
		if err != nil {
			return table{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
		defer cancel()
		ids, errs := [2]string{}, [2]error{}
		var both sync.WaitGroup
		for i, p := range []client.Player{one, other} {
			both.Go(func() { ids[i], errs[i] = r.queueUp(ctx, p, key, region, pool) })
		}
		both.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return table{}, err
		}
		return r.seatsOf(ctx, one, other, ids)
	}
}

// leaveLimit bounds the good-bye to a queue that has matched nobody.
const leaveLimit = 5 * time.Second

// errFound ends a stream that has said what it was read for.
var errFound = errors.New("found")

// queueUp joins and reads the player's stream until it names his game.
func (r *run) queueUp(ctx context.Context, p client.Player, key, region, pool string) (gameID string, err error) {
	joined := false
	err = r.client.OwnEvents(ctx, p, func(e client.OwnEvent) error {
		switch {
		case e.Type == "game_started":
			gameID = e.GameID
		case e.Type == "state" && e.Seat.Status == "playing":
			gameID = e.Seat.GameID
		}
		if gameID != "" {
			return errFound
		}
		if joined {
			return nil
		}
		joined = true // the stream is open: nothing that happens from now on is missed
		return r.client.Join(ctx, p, key+"/join", region, pool)
	})
	if errors.Is(err, errFound) {
		return gameID, nil
	}
	if joined { // nobody else shall be matched with a player who is gone
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
		defer cancel()
		err = errors.Join(err, r.client.Leave(leaving, p, key+"/leave", pool))
	}
	return "", fmt.Errorf("wait in %s %s for a match: %w", region, pool, err)
}

// seatsOf checks that the two were matched with each other and tells who has
// which colour.
func (r *run) seatsOf(ctx context.Context, one, other client.Player, ids [2]string) (table, error) {
	if ids[0] != ids[1] {
		return table{}, fmt.Errorf("the two were matched with others, in games %s and %s", ids[0], ids[1])
	}
	made, err := r.client.WaitForGame(ctx, ids[0])
	if err != nil {
		return table{gameID: ids[0]}, fmt.Errorf("read the game that the matchmaker made: %w", err)
	}
	switch {
	case made.White.PlayerID == one.ID && made.Black.PlayerID == other.ID:
		return table{made.ID, one, other}, nil
	case made.White.PlayerID == other.ID && made.Black.PlayerID == one.ID:
		return table{made.ID, other, one}, nil
	}
	return table{gameID: made.ID}, fmt.Errorf("the game seats %s and %s, not the two who queued", made.White.PlayerID, made.Black.PlayerID)
}
