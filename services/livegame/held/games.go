package held

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"tabiya/internal/core/game"
	"tabiya/services/livegame/outbox"
)

// Config configures Games. The functions may be nil.
type Config struct {
	// Linger is how long a finished game is still held.
	Linger time.Duration
	// MaxFinished limits the finished games that are held.
	MaxFinished int
	// OnEvict is called with a finished game that is evicted, before another event of
	// the game can be folded.
	OnEvict func(*game.State)
	// OnUnheldEvent is called for an event of a game that is not held: a new game or an
	// evicted one. What OnEvict was given of the game is out of date then.
	OnUnheldEvent func(gameID string)
	// NoteFor returns what a new watcher of a game is told beside its events.
	NoteFor NoteFor
	// Now is the clock that decides when finished games are evicted. Only tests set it.
	// Default time.Now.
	Now func() time.Time
}

// Games are the games that this instance holds. They are in shards, because many
// goroutines look games up while one folds events.
type Games struct {
	cfg        Config
	seed       maphash.Seed
	shards     [64]shard
	held       atomic.Int64
	awaiting   atomic.Int64
	running    *running
	evictions  *evictions
	spectators *changedSpectators
}

type shard struct {
	mu       sync.RWMutex
	games    map[string]*Game
	arrivals map[string]chan struct{} // closed when the game becomes known
}

// New creates an empty set of games.
func New(cfg Config) *Games {
	if cfg.OnEvict == nil {
		cfg.OnEvict = func(*game.State) {}
	}
	if cfg.OnUnheldEvent == nil {
		cfg.OnUnheldEvent = func(string) {}
	}
	if cfg.NoteFor == nil {
		cfg.NoteFor = func(*game.State) (note outbox.Item, ok bool) { return note, false }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Games{cfg: cfg, seed: maphash.MakeSeed(), running: newRunning(), evictions: &evictions{}, spectators: newChangedSpectators()}
	for i := range g.shards {
		g.shards[i].games = make(map[string]*Game)
		g.shards[i].arrivals = make(map[string]chan struct{})
	}
	return g
}

func (g *Games) shard(gameID string) *shard {
	return &g.shards[maphash.String(g.seed, gameID)%uint64(len(g.shards))]
}

// Len returns the number of games held.
func (g *Games) Len() int64 { return g.held.Load() }

// get returns a held game, whether or not its state is known, or nil.
func (g *Games) get(gameID string) *Game {
	s := g.shard(gameID)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.games[gameID]
}

// Get returns a held game whose state is known, or nil.
func (g *Games) Get(gameID string) *Game {
	if held := g.get(gameID); held != nil && held.State() != nil {
		return held
	}
	return nil
}

// State returns the state of a held game, or nil.
func (g *Games) State(gameID string) *game.State {
	if held := g.get(gameID); held != nil {
		return held.State()
	}
	return nil
}

// Expect begins to hold a game whose row is about to be read, so that events of the
// game that are read meanwhile wait for the row. Fold would ignore them while the
// service is behind.
func (g *Games) Expect(gameID string) { g.add(gameID) }

// add returns the held game, and begins to hold it if necessary.
func (g *Games) add(gameID string) *Game {
	if held := g.get(gameID); held != nil {
		return held
	}
	s := g.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.games[gameID]
	if !ok {
		held = &Game{}
		s.games[gameID] = held
		g.held.Add(1)
	}
	return held
}

// Evict stops holding a game and ends its watchers' outboxes.
func (g *Games) Evict(gameID string, why outbox.End) {
	s := g.shard(gameID)
	s.mu.Lock()
	held, ok := s.games[gameID]
	delete(s.games, gameID)
	s.mu.Unlock()
	if !ok {
		return
	}
	g.held.Add(-1)
	onEvict := func(*game.State) {}
	if why == outbox.GameOver {
		onEvict = g.cfg.OnEvict
	}
	held.evict(why, onEvict)
	g.running.update(held)
}

// EvictAll evicts every game and wakes the TV streams.
func (g *Games) EvictAll(why outbox.End) {
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.RLock()
		ids := make([]string, 0, len(s.games))
		for id := range s.games {
			ids = append(ids, id)
		}
		s.mu.RUnlock()
		for _, id := range ids {
			g.Evict(id, why)
		}
	}
	g.running.wake()
}

const (
	// FindTimeout is how long a request should wait for a game that is not held. The
	// game may have been created just now, through another instance or by matchmaking.
	FindTimeout = 500 * time.Millisecond
	// maxAwaiting limits the requests that wait in Find; the others fail at once.
	maxAwaiting = 2000
)

// Find waits until the game is known and maySee accepts it, or returns nil when ctx is
// done. So a missing game and one that the client may not see take equally long.
func (g *Games) Find(ctx context.Context, gameID string, maySee func(*game.State) bool) *Game {
	look := func() *Game {
		if held := g.Get(gameID); held != nil && maySee(held.State()) {
			return held
		}
		return nil
	}
	if held := look(); held != nil {
		return held
	}
	if g.awaiting.Add(1) > maxAwaiting {
		g.awaiting.Add(-1)
		return nil
	}
	defer g.awaiting.Add(-1)
	for {
		arrival := g.arrival(gameID)
		if held := look(); held != nil { // it arrived since the first look
			g.arrived(gameID)
			return held
		}
		select {
		case <-arrival:
		case <-ctx.Done():
			g.arrived(gameID) // removes the channel; the other waiters look again
			return nil
		}
		if held := look(); held != nil {
			return held
		}
	}
}

// arrival returns a channel that is closed when the game is worth looking up again.
func (g *Games) arrival(gameID string) chan struct{} {
	s := g.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, ok := s.arrivals[gameID]
	if !ok {
		ch = make(chan struct{})
		s.arrivals[gameID] = ch
	}
	return ch
}

// arrived wakes the requests that wait for a game in Find.
func (g *Games) arrived(gameID string) {
	s := g.shard(gameID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch, ok := s.arrivals[gameID]; ok {
		delete(s.arrivals, gameID)
		close(ch)
	}
}

const evictEvery = 100 * time.Millisecond

// Run evicts finished games and sends watchers the number of spectators, until ctx is
// done.
func (g *Games) Run(ctx context.Context) {
	evict, count := time.NewTicker(evictEvery), time.NewTicker(spectatorsEvery)
	defer evict.Stop()
	defer count.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-evict.C:
			g.evictDue(g.cfg.Now())
		case <-count.C:
			g.sendSpectators()
		}
	}
}
