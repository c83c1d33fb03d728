package matchmaking

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/player"
)

// trackedGames bounds the memory of games that have not started yet.
const trackedGames = 32_768

var (
	errTooManyStreams = errors.New("too many event streams are open")
	errClosed         = errors.New("the events are not being read at present")
)

// subscriptions is the registry of open subscriptions. It passes events and rows
// to those of the players concerned.
type subscriptions struct {
	max, maxPerPlayer int
	open              prometheus.Gauge
	cut               prometheus.Counter

	mu       sync.Mutex
	running  bool
	count    int
	byPlayer map[string]map[*subscription]struct{}
	// games that were matched or created while one of their players was subscribed:
	// GameStarted does not name the players.
	games *lru.Cache[string, trackedGame]
}

func newSubscriptions(cfg Config) *subscriptions {
	games, err := lru.New[string, trackedGame](trackedGames)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &subscriptions{
		max: cfg.MaxStreams, maxPerPlayer: cfg.MaxStreamsPerPlayer,
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_matchmaking_streams", Help: "Open GET /v1/me/events.",
		}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_streams_cut_total", Help: "Streams closed because their reader was too slow.",
		}),
		byPlayer: make(map[string]map[*subscription]struct{}),
		games:    games,
	}
}

// Open allows new subscriptions.
func (s *subscriptions) Open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = true
}

// Close ends all subscriptions and refuses new ones.
func (s *subscriptions) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	for id, subs := range s.byPlayer {
		for sub := range subs {
			s.remove(id, sub)
		}
	}
}

// Subscribe opens a subscription, which begins with the player's row. It calls
// row under the lock of the registry, so that no update of the row is lost in
// between.
func (s *subscriptions) Subscribe(playerID string, row func() (*player.State, bool)) (*subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.running:
		return nil, errClosed
	case s.count >= s.max || len(s.byPlayer[playerID]) >= s.maxPerPlayer:
		return nil, errTooManyStreams
	}
	now, ok := row()
	if !ok {
		return nil, errClosed // the caller had it a moment ago: the view is being read again
	}
	sub := newSubscription(now)
	if s.byPlayer[playerID] == nil {
		s.byPlayer[playerID] = make(map[*subscription]struct{}, 1)
	}
	s.byPlayer[playerID][sub] = struct{}{}
	s.count++
	s.open.Inc()
	return sub, nil
}

// Unsubscribe ends a subscription, if it has not ended.
func (s *subscriptions) Unsubscribe(playerID string, sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(playerID, sub)
}

func (s *subscriptions) remove(playerID string, sub *subscription) {
	subs := s.byPlayer[playerID]
	if _, ok := subs[sub]; !ok {
		return
	}
	close(sub.notifications)
	s.count--
	s.open.Dec()
	if delete(subs, sub); len(subs) == 0 {
		delete(s.byPlayer, playerID)
	}
}

// Any reports whether anybody is subscribed.
func (s *subscriptions) Any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count > 0
}

// Has reports whether the player is subscribed.
func (s *subscriptions) Has(playerID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byPlayer[playerID]) > 0
}

// each calls fn for the player's subscriptions, and ends those for which it
// returns false: their reader is too slow.
func (s *subscriptions) each(playerID string, fn func(*subscription) bool) {
	for sub := range s.byPlayer[playerID] {
		if !fn(sub) {
			s.cut.Inc()
			s.remove(playerID, sub)
		}
	}
}

// UpdateRow passes on an update of the players view.
func (s *subscriptions) UpdateRow(playerID string, row *player.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if row == nil || len(s.byPlayer[playerID]) == 0 {
		return
	}
	now := seatOf(row)
	s.each(playerID, func(sub *subscription) bool { return sub.UpdateRow(now) })
}

// reconcileEvery is half of how long a client may be wrong about its seat.
const reconcileEvery = time.Second

// Reconcile calls Reconcile of all subscriptions, again and again, until ctx is
// done.
func (s *subscriptions) Reconcile(ctx context.Context) error {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.reconcileAll()
		}
	}
}

func (s *subscriptions) reconcileAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.byPlayer {
		s.each(id, (*subscription).Reconcile)
	}
}
