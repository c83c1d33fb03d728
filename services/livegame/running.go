package livegame

import (
	"slices"
	"sync"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// running knows which games go on, by player and by speed. It changes when a game
// begins and when it ends, never with a move.
type running struct {
	mu       sync.RWMutex
	byPlayer map[string][]string // game ids, in the order in which they became known
	channels map[schemas.Speed]*channel
}

func newRunning() *running {
	r := &running{byPlayer: make(map[string][]string), channels: make(map[schemas.Speed]*channel)}
	for _, speed := range schemas.Speeds() {
		r.channels[speed] = newChannel()
	}
	return r
}

// note takes a game in or out, as its board now stands. It looks at the board
// itself, since follower and mender may come here in another order than they
// changed it.
func (r *running) note(b *board) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, live := b.live()
	if s == nil {
		return
	}
	for _, playerID := range [...]string{s.White.PlayerID, s.Black.PlayerID} {
		r.seat(playerID, s, live)
	}
	r.channels[s.Speed()].note(b, s, live)
}

func (r *running) seat(playerID string, s *game.State, live bool) {
	games := r.byPlayer[playerID]
	at := slices.Index(games, s.ID)
	switch {
	case live && at < 0:
		r.byPlayer[playerID] = append(games, s.ID)
	case live || at < 0:
	case len(games) == 1:
		delete(r.byPlayer, playerID)
	default:
		r.byPlayer[playerID] = slices.Delete(games, at, at+1)
	}
}

// of gives the ids of a player's games that go on.
func (r *running) of(playerID string) (gameIDs []string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.byPlayer[playerID])
}
