package matchmaking

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// trackedGames bounds the memory of games that have not started yet.
const trackedGames = 32_768

var (
	errTooManyStreams = errors.New("as many event streams are open as may be")
	errClosed         = errors.New("the events are not being read at present")
)

// hub gives events and rows to the open streams of their players.
type hub struct {
	max, maxEach int
	open         prometheus.Gauge
	slow         prometheus.Counter

	mu      sync.Mutex
	running bool
	n       int
	streams map[string]map[*stream]struct{} // by player
	// players of a game that was matched or created while somebody listened:
	// GameStarted does not name them.
	players *lru.Cache[string, [2]schemas.Seated]
}

func newHub(cfg Config) *hub {
	players, err := lru.New[string, [2]schemas.Seated](trackedGames)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &hub{
		max: cfg.MaxStreams, maxEach: cfg.MaxStreamsPerPlayer,
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_matchmaking_streams", Help: "Open GET /v1/me/events.",
		}),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_streams_cut_total", Help: "Streams cut off because their reader was too slow.",
		}),
		streams: make(map[string]map[*stream]struct{}),
		players: players,
	}
}

// Open lets streams begin.
func (h *hub) Open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running = true
}

// Close ends all streams.
func (h *hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running = false
	for id, streams := range h.streams {
		for st := range streams {
			h.drop(id, st)
		}
	}
}

// Subscribe opens a stream. row is called under the hub's lock: an update of
// the row is either in what it gives or comes to the stream.
func (h *hub) Subscribe(playerID string, row func() (*player.State, bool)) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.running:
		return nil, errClosed
	case h.n >= h.max || len(h.streams[playerID]) >= h.maxEach:
		return nil, errTooManyStreams
	}
	now, ok := row()
	if !ok {
		return nil, errClosed // it was there a moment ago: the view begins anew
	}
	st := newStream(now)
	if h.streams[playerID] == nil {
		h.streams[playerID] = make(map[*stream]struct{}, 1)
	}
	h.streams[playerID][st] = struct{}{}
	h.n++
	h.open.Inc()
	return st, nil
}

// Unsubscribe ends a stream, if it has not ended.
func (h *hub) Unsubscribe(playerID string, st *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(playerID, st)
}

func (h *hub) drop(playerID string, st *stream) {
	streams := h.streams[playerID]
	if _, there := streams[st]; !there {
		return
	}
	close(st.items)
	h.n--
	h.open.Dec()
	if delete(streams, st); len(streams) == 0 {
		delete(h.streams, playerID)
	}
}

// Listening reports whether anybody listens.
func (h *hub) Listening() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n > 0
}

// ListeningTo reports whether the player listens.
func (h *hub) ListeningTo(playerID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams[playerID]) > 0
}

// each calls fn for the player's streams and cuts those off that are too slow.
func (h *hub) each(playerID string, fn func(*stream) bool) {
	for st := range h.streams[playerID] {
		if !fn(st) {
			h.slow.Inc()
			h.drop(playerID, st)
		}
	}
}

// Row takes an update of the players view.
func (h *hub) Row(playerID string, row *player.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if row == nil || len(h.streams[playerID]) == 0 {
		return
	}
	now := seatOf(row)
	h.each(playerID, func(st *stream) bool { return st.Row(now) })
}

// settleEvery is half of how long a reader may be wrong about his seat.
const settleEvery = time.Second

// Settle looks after all streams until ctx ends.
func (h *hub) Settle(ctx context.Context) error {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			h.settle()
		}
	}
}

func (h *hub) settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.streams {
		h.each(id, (*stream).Settle)
	}
}
