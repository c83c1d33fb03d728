package livegame

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"tabiya/internal/core/game"
)

// hub holds the boards, in shards: one goroutine folds events while many look
// games up.
type hub struct {
	seed     maphash.Seed
	shards   [64]shard
	held     atomic.Int64
	awaiting atomic.Int64
	running  *running
	keep     func(*game.State) // called with a game that is let go because it is over
}

type shard struct {
	mu       sync.RWMutex
	boards   map[string]*board
	arrivals map[string]chan struct{} // closed when the game comes
}

func newHub() *hub {
	h := &hub{seed: maphash.MakeSeed(), running: newRunning()}
	for i := range h.shards {
		h.shards[i].boards = make(map[string]*board)
		h.shards[i].arrivals = make(map[string]chan struct{})
	}
	return h
}

func (h *hub) shard(gameID string) *shard {
	return &h.shards[maphash.String(h.seed, gameID)%uint64(len(h.shards))]
}

// board gives a game's board, or nil.
func (h *hub) board(gameID string) *board {
	s := h.shard(gameID)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.boards[gameID]
}

// state gives a game as it stands, or nil.
func (h *hub) state(gameID string) *game.State {
	if b := h.board(gameID); b != nil {
		return b.snapshot()
	}
	return nil
}

// add gives a game's board, a new one if there is none.
func (h *hub) add(gameID string) *board {
	if b := h.board(gameID); b != nil {
		return b
	}
	s := h.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.boards[gameID]
	if !ok {
		b = &board{}
		s.boards[gameID] = b
		h.held.Add(1)
	}
	return b
}

// arrived wakes those who wait for the game to become known.
func (h *hub) arrived(gameID string) {
	s := h.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch, ok := s.arrivals[gameID]; ok {
		delete(s.arrivals, gameID)
		close(ch)
	}
}

// drop lets go of a game.
func (h *hub) drop(gameID string, why ending) {
	s := h.shard(gameID)
	s.mu.Lock()
	b, ok := s.boards[gameID]
	delete(s.boards, gameID)
	s.mu.Unlock()
	if ok {
		h.held.Add(-1)
		keep := h.keep
		if why != gameOver {
			keep = nil
		}
		b.drop(why, keep)
		h.running.note(b)
	}
}

const (
	// patience is how long a request waits for a game that is not here: it may
	// have been made just now, by another instance or by the matchmaking.
	patience = 500 * time.Millisecond
	// maxAwaiting bounds those who wait so; the others are told at once.
	maxAwaiting = 2000
)

// find gives the board of a game that is known and may be seen, or waits for it
// until ctx is done: how long it takes tells nobody which of both is missing.
func (h *hub) find(ctx context.Context, gameID string, maySee func(*game.State) bool) *board {
	seen := func() *board {
		if b := h.known(gameID); b != nil && maySee(b.snapshot()) {
			return b
		}
		return nil
	}
	if b := seen(); b != nil {
		return b
	}
	if h.awaiting.Add(1) > maxAwaiting {
		h.awaiting.Add(-1)
		return nil
	}
	defer h.awaiting.Add(-1)
	for {
		ch := h.arrival(gameID)
		if b := seen(); b != nil { // it came in between
			h.arrived(gameID)
			return b
		}
		select {
		case <-ch:
		case <-ctx.Done():
			h.arrived(gameID) // so that the arrival is forgotten; others look again
			return nil
		}
		if b := seen(); b != nil {
			return b
		}
	}
}

// known gives the board of a game whose state is known, or nil.
func (h *hub) known(gameID string) *board {
	if b := h.board(gameID); b != nil && b.snapshot() != nil {
		return b
	}
	return nil
}

// arrival is closed when it is worth looking for the game again.
func (h *hub) arrival(gameID string) chan struct{} {
	s := h.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, ok := s.arrivals[gameID]
	if !ok {
		ch = make(chan struct{})
		s.arrivals[gameID] = ch
	}
	return ch
}

// each calls f for every board.
func (h *hub) each(f func(gameID string, b *board)) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.RLock()
		boards := make(map[string]*board, len(s.boards))
		for id, b := range s.boards {
			boards[id] = b
		}
		s.mu.RUnlock()
		for id, b := range boards {
			f(id, b)
		}
	}
}
