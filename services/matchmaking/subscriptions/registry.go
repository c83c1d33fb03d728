// Package subscriptions holds the open streams GET /v1/me/events, and tells each player
// what happens to them: from the events of the topics, corrected by the rows of the
// players table.
package subscriptions

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/player"
)

// trackedGames bounds the memory of games that have not started yet, and of games that
// are over.
const trackedGames = 32_768

var (
	// ErrTooMany means that all players together have too many streams open.
	ErrTooMany = errors.New("too many event streams are open")
	// ErrTooManyOwn means that the player has too many streams open.
	ErrTooManyOwn = errors.New("the player has too many event streams open")
	// ErrTooManyOfNetwork means that the client's network has too many streams open.
	ErrTooManyOfNetwork = errors.New("the address has too many event streams open")
	// ErrClosed means that the events are not being read.
	ErrClosed = errors.New("the events are not being read at present")
)

// Registry is the registry of open subscriptions. It passes events and rows
// to those of the players concerned.
type Registry struct {
	limits   Limits
	open     prometheus.Gauge
	cut      prometheus.Counter
	replaced prometheus.Counter

	mu        sync.Mutex
	running   bool
	count     int
	byPlayer  map[string]map[*Subscription]struct{}
	byNetwork map[string]int
	// extras are the subscriptions beyond the first of each player, the newest last.
	extras list.List // of *Subscription
	// games that were matched or created while one of their players was subscribed:
	// GameStarted does not name the players.
	games *lru.Cache[string, trackedGame]
	// over has the players of games that ended while one of them was subscribed:
	// RematchFailed does not name them.
	over *lru.Cache[string, [2]string]
}

// Limits bound the open subscriptions. At the limit of all, a player's first subscription
// takes the place of the newest one that is not its player's only one.
type Limits struct{ All, PerPlayer, PerNetwork int }

// Client is who subscribes.
type Client struct {
	PlayerID string
	Network  string // the address, for IPv6 a network
}

// New returns a registry without subscriptions.
func New(limits Limits) *Registry {
	games, err := lru.New[string, trackedGame](trackedGames)
	if err != nil {
		panic(err) // only for a size below 1
	}
	over, err := lru.New[string, [2]string](trackedGames)
	if err != nil {
		panic(err)
	}
	return &Registry{
		limits: limits,
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_matchmaking_streams", Help: "Open GET /v1/me/events.",
		}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_streams_cut_total", Help: "Streams closed because their reader was too slow.",
		}),
		replaced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_streams_replaced_total", Help: "Streams closed to make room for another player's first one.",
		}),
		byPlayer:  make(map[string]map[*Subscription]struct{}),
		byNetwork: make(map[string]int),
		games:     games,
		over:      over,
	}
}

// Collectors returns the metrics.
func (s *Registry) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.open, s.cut, s.replaced}
}

// Open allows new subscriptions.
func (s *Registry) Open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = true
}

// Close ends all subscriptions and refuses new ones.
func (s *Registry) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	for _, subs := range s.byPlayer {
		for sub := range subs {
			s.remove(sub)
		}
	}
}

// Subscribe opens a subscription, which begins with the player's row. It calls
// row under the lock of the registry, so that no update of the row is lost in
// between.
func (s *Registry) Subscribe(who Client, row func() (*player.State, bool)) (*Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := len(s.byPlayer[who.PlayerID])
	switch {
	case !s.running:
		return nil, ErrClosed
	case own >= s.limits.PerPlayer:
		return nil, ErrTooManyOwn
	case s.byNetwork[who.Network] >= s.limits.PerNetwork:
		return nil, ErrTooManyOfNetwork
	case s.count >= s.limits.All && (own > 0 || s.extras.Len() == 0):
		return nil, ErrTooMany
	}
	now, ok := row()
	if !ok {
		return nil, ErrClosed // the caller had it a moment ago: the view is being read again
	}
	if s.count >= s.limits.All {
		s.replaced.Inc()
		s.remove(s.extras.Back().Value.(*Subscription))
	}
	sub := newSubscription(now)
	sub.client = who
	s.add(sub)
	return sub, nil
}

// Unsubscribe ends a subscription, if it has not ended.
func (s *Registry) Unsubscribe(sub *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(sub)
}

func (s *Registry) add(sub *Subscription) {
	id := sub.client.PlayerID
	if s.byPlayer[id] == nil {
		s.byPlayer[id] = make(map[*Subscription]struct{}, 1)
	}
	if len(s.byPlayer[id]) > 0 {
		sub.extra = s.extras.PushBack(sub)
	}
	s.byPlayer[id][sub] = struct{}{}
	s.byNetwork[sub.client.Network]++
	s.count++
	s.open.Inc()
}

func (s *Registry) remove(sub *Subscription) {
	subs := s.byPlayer[sub.client.PlayerID]
	if _, ok := subs[sub]; !ok {
		return
	}
	close(sub.Notifications)
	s.count--
	s.open.Dec()
	if s.byNetwork[sub.client.Network]--; s.byNetwork[sub.client.Network] == 0 {
		delete(s.byNetwork, sub.client.Network)
	}
	if delete(subs, sub); len(subs) == 0 {
		delete(s.byPlayer, sub.client.PlayerID)
	}
	if sub.extra == nil { // another one is the player's first now, and stays
		for sub = range subs {
			break
		}
	}
	if sub.extra != nil {
		s.extras.Remove(sub.extra)
		sub.extra = nil
	}
}

// Any reports whether anybody is subscribed.
func (s *Registry) Any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count > 0
}

// Has reports whether the player is subscribed.
func (s *Registry) Has(playerID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byPlayer[playerID]) > 0
}

// each calls fn for the player's subscriptions, and ends those for which it
// returns false: their reader is too slow.
func (s *Registry) each(playerID string, fn func(*Subscription) bool) {
	for sub := range s.byPlayer[playerID] {
		if !fn(sub) {
			s.cut.Inc()
			s.remove(sub)
		}
	}
}

// UpdateRow passes on an update of the players view.
func (s *Registry) UpdateRow(playerID string, row *player.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if row == nil || len(s.byPlayer[playerID]) == 0 {
		return
	}
	now := seatOf(row)
	s.each(playerID, func(sub *Subscription) bool { return sub.UpdateRow(now) })
}

// reconcileEvery is half of how long a client may be wrong about its seat.
const reconcileEvery = time.Second

// Reconcile calls Reconcile of all subscriptions, again and again, until ctx is
// done.
func (s *Registry) Reconcile(ctx context.Context) error {
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

func (s *Registry) reconcileAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.byPlayer {
		s.each(id, (*Subscription).Reconcile)
	}
}
