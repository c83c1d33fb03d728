package livegame

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// mender reads games from their table again when the fold has a gap. That is
// rare: an event was lost before the service started to read, or could not be
// decoded. All the games that want it share one reading of the table.
type mender struct {
	mu     sync.Mutex
	wanted map[string]int // game id to the tries so far
	work   chan struct{}  // holds a token when there is something to do
	pause  time.Duration  // before the second try, doubled at each
}

const (
	mendTries = 8
	mendPause = 250 * time.Millisecond
	mendMost  = 8 * time.Second
)

func newMender() *mender {
	return &mender{wanted: make(map[string]int), work: make(chan struct{}, 1), pause: mendPause}
}

// want asks for a game to be read again; tries counts those it had already.
func (m *mender) want(gameID string, tries int) {
	m.mu.Lock()
	m.wanted[gameID] = max(tries, m.wanted[gameID])
	m.mu.Unlock()
	select {
	case m.work <- struct{}{}:
	default:
	}
}

func (m *mender) take() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	wanted := m.wanted
	m.wanted = make(map[string]int)
	return wanted
}

// mend works until ctx is done. Between two readings it waits, longer each time
// a gap stays: a row is written a moment after its event.
func (s *Service) mend(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.mender.work:
		}
		wanted := s.mender.take()
		s.metrics.rereads.Inc()
		rows, err := s.readRows(ctx, func(id string) bool { _, ok := wanted[id]; return ok })
		if err != nil {
			return fmt.Errorf("read games again: %w", err)
		}
		pause := s.mender.pause
		for id, tries := range wanted {
			if s.install(id, rows[id]) && s.hub.state(id) != nil {
				continue
			}
			if tries+1 >= mendTries {
				s.cfg.Logger.Warn("game dropped: an event is missing", "game_id", id)
				s.hub.drop(id, outOfStep)
				continue
			}
			pause = min(max(pause, s.mender.pause<<tries), mendMost)
			s.mender.want(id, tries+1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
