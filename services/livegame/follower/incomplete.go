package follower

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tabiya/services/livegame/outbox"
)

// incompleteGames are the games that lack an event and whose rows must be read. They
// are rare: an event came before the first offset that was read, or could not be
// decoded. All of them share one read of the table.
type incompleteGames struct {
	mu    sync.Mutex
	tries map[string]int // by game id: reads so far
	work  chan struct{}  // holds a token while there is a game
}

const (
	maxTries = 8
	maxPause = 8 * time.Second
)

func newIncompleteGames() *incompleteGames {
	return &incompleteGames{tries: make(map[string]int), work: make(chan struct{}, 1)}
}

// add schedules a read of the game's row. tries is the number of reads so far.
func (m *incompleteGames) add(gameID string, tries int) {
	m.mu.Lock()
	m.tries[gameID] = max(tries, m.tries[gameID])
	m.mu.Unlock()
	select {
	case m.work <- struct{}{}:
	default:
	}
}

// take removes and returns the games, with the number of reads so far.
func (m *incompleteGames) take() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.tries
	m.tries = make(map[string]int)
	return taken
}

// Reread asks for a read of the game's row from games-table.
func (f *Follower) Reread(gameID string) { f.incomplete.add(gameID, 0) }

// RunRereads reads the rows of games that lack an event, until ctx is done. It waits
// longer after each read in which the event was still missing, because an event can
// reach its topic a moment before its row. A game that is still incomplete after
// maxTries reads is evicted.
func (f *Follower) RunRereads(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.incomplete.work:
		}
		wanted := f.incomplete.take()
		f.cfg.Rereads.Inc()
		rows, err := f.readRows(ctx, func(id string) bool { _, ok := wanted[id]; return ok })
		if err != nil {
			return fmt.Errorf("read the rows of incomplete games: %w", err)
		}
		pause := f.cfg.RereadPause
		for id, tries := range wanted {
			if f.install(id, rows[id]) && f.cfg.Games.State(id) != nil {
				continue
			}
			if tries+1 >= maxTries {
				f.cfg.Logger.Warn("game evicted: an event is missing", "game_id", id)
				f.cfg.Games.Evict(id, outbox.OutOfStep)
				continue
			}
			pause = min(max(pause, f.cfg.RereadPause<<tries), maxPause)
			f.incomplete.add(id, tries+1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
