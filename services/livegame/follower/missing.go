package follower

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tabiya/services/livegame/outbox"
)

// missing are the games whose fold lacks an event, until their rows were read. That
// is rare: an event was lost before the service began to read, or could not be
// decoded. All games that wait share one reading of the table.
type missing struct {
	mu    sync.Mutex
	tries map[string]int // by game id: readings so far
	work  chan struct{}  // holds a token when a game waits
}

const (
	maxTries = 8
	maxPause = 8 * time.Second
)

func newMissing() *missing {
	return &missing{tries: make(map[string]int), work: make(chan struct{}, 1)}
}

// add has a game read again that was read so many times already.
func (m *missing) add(gameID string, tries int) {
	m.mu.Lock()
	m.tries[gameID] = max(tries, m.tries[gameID])
	m.mu.Unlock()
	select {
	case m.work <- struct{}{}:
	default:
	}
}

func (m *missing) take() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.tries
	m.tries = make(map[string]int)
	return taken
}

// Reread has a game's row read from games-table.
func (f *Follower) Reread(gameID string) { f.missing.add(gameID, 0) }

// RunRereads reads rows of games that lack an event until ctx is done. Between two
// readings it waits, longer each time an event is still missing: a row is written a
// moment after its event. A game that is not complete after maxTries is evicted.
func (f *Follower) RunRereads(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.missing.work:
		}
		wanted := f.missing.take()
		f.cfg.Rereads.Inc()
		rows, err := f.readRows(ctx, func(id string) bool { _, ok := wanted[id]; return ok })
		if err != nil {
			return fmt.Errorf("read games again: %w", err)
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
			f.missing.add(id, tries+1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
