package held

import (
	"slices"
	"sync"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// running indexes the running games by player and by speed. It changes when a game
// begins and when it ends, never with a move.
type running struct {
	mu       sync.RWMutex
	byPlayer map[string][]string // game ids, in the order of their updates
	channels map[schemas.Speed]*channel
}

func newRunning() *running {
	r := &running{byPlayer: make(map[string][]string), channels: make(map[schemas.Speed]*channel)}
	for _, speed := range schemas.Speeds() {
		r.channels[speed] = newChannel()
	}
	return r
}

// update adds a game that is running and removes one that is not. It reads the game's
// present state, because two goroutines may call update in a different order than they
// changed the game.
func (r *running) update(g *Game) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, goesOn := g.Running()
	if s == nil {
		return
	}
	for _, playerID := range [...]string{s.White.PlayerID, s.Black.PlayerID} {
		r.updatePlayer(playerID, s, goesOn)
	}
	r.channels[s.Speed()].update(g, s, goesOn)
}

func (r *running) updatePlayer(playerID string, s *game.State, goesOn bool) {
	games := r.byPlayer[playerID]
	at := slices.Index(games, s.ID)
	switch {
	case goesOn && at < 0:
		r.byPlayer[playerID] = append(games, s.ID)
	case goesOn || at < 0:
	case len(games) == 1:
		delete(r.byPlayer, playerID)
	default:
		r.byPlayer[playerID] = slices.Delete(games, at, at+1)
	}
}

// RunningOf returns the ids of a player's running games.
func (g *Games) RunningOf(playerID string) (gameIDs []string) {
	g.running.mu.RLock()
	defer g.running.mu.RUnlock()
	return slices.Clone(g.running.byPlayer[playerID])
}
