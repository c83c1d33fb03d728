package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/client"
)

// queueStarters returns one starter per queue (region and pool). Each puts one pair
// of players at a time into its queue, so they can only be matched with each other.
func (r *run) queueStarters(ctx context.Context) ([]startGame, error) {
	regions, err := r.client.Regions(ctx)
	if err != nil {
		return nil, err
	}
	var starters []startGame
	for _, region := range regions {
		for _, pool := range r.cfg.Pools {
			if len(starters) < r.cfg.Concurrency {
				starters = append(starters, r.startViaQueue(region, pool))
			}
		}
	}
	if len(starters) == 0 {
		return nil, errors.New("the server has no queues")
	}
	return starters, nil
}

// startViaQueue starts a game as two users would: both players join the queue and
// learn of their game from their own event streams. Each game gets two new accounts,
// since ratings from earlier games could be too far apart for a match.
func (r *run) startViaQueue(region, pool string) startGame {
	return func(ctx context.Context, g game, key string) (liveGame, error) {
		first, err := r.players.register(ctx, key+g.white, g.white)
		if err != nil {
			return liveGame{}, err
		}
		second, err := r.players.register(ctx, key+g.black, g.black)
		if err != nil {
			return liveGame{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
		defer cancel()
		ids, errs := [2]string{}, [2]error{}
		var joining sync.WaitGroup
		for i, p := range []client.Player{first, second} {
			joining.Go(func() { ids[i], errs[i] = r.waitForMatch(ctx, p, key, region, pool) })
		}
		joining.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return liveGame{}, err
		}
		return r.verifySeats(ctx, first, second, ids)
	}
}

// leaveTimeout limits the request to leave the queue after a failed wait.
const leaveTimeout = 5 * time.Second

// errMatched stops reading a player's event stream.
var errMatched = errors.New("matched")

// waitForMatch joins the queue and reads the player's event stream until it names
// their game.
func (r *run) waitForMatch(ctx context.Context, p client.Player, key, region, pool string) (gameID string, err error) {
	joined := false
	err = r.client.OwnEvents(ctx, p, func(e client.OwnEvent) error {
		switch {
		case e.Type == "game_started":
			gameID = e.GameID
		case e.Type == "state" && e.Seat.Status == "playing":
			gameID = e.Seat.GameID
		}
		if gameID != "" {
			return errMatched
		}
		if joined {
			return nil
		}
		joined = true // the stream is open, so it will not miss the match
		return r.client.Join(ctx, p, key+"/join", region, pool)
	})
	if errors.Is(err, errMatched) {
		return gameID, nil
	}
	if joined { // nobody may be matched with a player that does not play
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
		defer cancel()
		err = errors.Join(err, r.client.Leave(leaving, p, key+"/leave", pool))
	}
	return "", fmt.Errorf("wait for a match in %s %s: %w", region, pool, err)
}

// verifySeats checks that the two players were matched with each other and returns
// the game with their colours.
func (r *run) verifySeats(ctx context.Context, first, second client.Player, ids [2]string) (liveGame, error) {
	if ids[0] != ids[1] {
		return liveGame{}, fmt.Errorf("the two players were matched with others, in games %s and %s", ids[0], ids[1])
	}
	made, err := r.client.WaitForGame(ctx, ids[0])
	if err != nil {
		return liveGame{gameID: ids[0]}, fmt.Errorf("read the matched game: %w", err)
	}
	switch {
	case made.White.PlayerID == first.ID && made.Black.PlayerID == second.ID:
		return liveGame{made.ID, first, second}, nil
	case made.White.PlayerID == second.ID && made.Black.PlayerID == first.ID:
		return liveGame{made.ID, second, first}, nil
	}
	return liveGame{gameID: made.ID}, fmt.Errorf("the game is between %s and %s, not the two players who queued", made.White.PlayerID, made.Black.PlayerID)
}
