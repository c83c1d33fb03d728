// Package finished gives the games that are over and no longer held by this
// instance: from memory, from their rows, which history has, or, where the row may
// not be the last, from the piece of the log that has their events (ADR 24).
package finished

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/tables"
)

// History knows the games that were played; the history service.
type History interface {
	// Played returns the broker time of a game's first command, and the game's row of
	// games-table after its end, nil if it has none. ok is false if there is no such
	// finished game; an error means that history cannot say now.
	Played(ctx context.Context, gameID string) (from time.Time, row []byte, ok bool, err error)
}

// Games are the finished games. What was found once is remembered, and so are the
// games that were evicted lately.
type Games struct {
	history  History // nil: only what is remembered
	readLog  func(ctx context.Context, gameID string, from time.Time) (logged, error)
	recent   *lru.Cache[string, body]
	flight   singleflight.Group
	reading  chan struct{} // holds a token while one goroutine reads the log
	awaiting atomic.Int64
}

// body is a game encoded as in its row: about 2 KB, a fraction of its State.
type body struct {
	head  schemas.Head
	bytes []byte
}

const (
	// maxRecent bounds the games that are remembered, about 4 MB.
	maxRecent = 2048
	// maxAwaiting bounds the requests that wait for a game to be read. One is read
	// at a time: reading a piece of the log must not take the cores from the players.
	maxAwaiting = 32
	loadTimeout = 10 * time.Second
	// historyDelay is how old a game's row is before it is remembered. Where history
	// is behind, a younger row may lack what was said about a rematch.
	historyDelay = time.Hour
)

var errTooMany = errors.New("too many finished games are being read")

// ErrOutOfReach is returned for a game whose events are spread over more of the log
// than LogReader.MaxBytes.
var ErrOutOfReach = errors.New("the game's events are too far apart in the log")

// New makes the finished games. history may be nil.
func New(history History, log LogReader) *Games {
	return newGames(history, log.read)
}

func newGames(history History, readLog func(context.Context, string, time.Time) (logged, error)) *Games {
	recent, err := lru.New[string, body](maxRecent)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Games{history: history, readLog: readLog, recent: recent, reading: make(chan struct{}, 1)}
}

// Remember keeps a game that is evicted.
func (g *Games) Remember(s *game.State) {
	g.recent.Add(s.ID, body{s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s)})
}

// Forget removes a game that has newer events than were remembered.
func (g *Games) Forget(gameID string) { g.recent.Remove(gameID) }

// ForgetAll removes all games.
func (g *Games) ForgetAll() { g.recent.Purge() }

// Recall returns a remembered game, or nil.
func (g *Games) Recall(gameID string) *game.State {
	kept, ok := g.recent.Get(gameID)
	if !ok {
		return nil
	}
	s, err := game.DecodeBody(gameID, kept.head, kept.bytes)
	if err != nil {
		return nil // it was encoded here; the log still has it
	}
	return s
}

// Find returns a finished game; nil if there is none.
func (g *Games) Find(ctx context.Context, gameID string) (*game.State, error) {
	if s := g.Recall(gameID); s != nil || g.history == nil {
		return s, nil
	}
	if g.awaiting.Add(1) > maxAwaiting {
		g.awaiting.Add(-1)
		return nil, errTooMany
	}
	defer g.awaiting.Add(-1)
	done := g.flight.DoChan(gameID, func() (any, error) {
		// The first request may be cancelled while others still wait for the game.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return g.load(ctx, gameID)
	})
	select {
	case r := <-done:
		s, _ := r.Val.(*game.State)
		return s, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *Games) load(ctx context.Context, gameID string) (*game.State, error) {
	if s := g.Recall(gameID); s != nil {
		return s, nil // it was read while this request came here
	}
	from, value, ok, err := g.history.Played(ctx, gameID)
	if err != nil || !ok {
		return nil, err
	}
	row := decode(gameID, value)
	if row != nil && settled(row.UpdatedAt.Std(), time.Now()) {
		if settled(row.UpdatedAt.Std().Add(historyDelay), time.Now()) {
			g.Remember(row)
		}
		return row, nil
	}
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l, err := g.readLog(ctx, gameID, from)
	if errors.Is(err, ErrOutOfReach) && row != nil {
		return row, nil // it lacks at most what was said about a rematch in these minutes
	}
	if err != nil {
		return nil, fmt.Errorf("read finished game %s: %w", gameID, err)
	}
	if l.state != nil && l.final {
		g.Remember(l.state)
	}
	return l.state, nil
}

// decode reads a game's row; nil if it cannot, and the log must be read.
func decode(gameID string, value []byte) *game.State {
	if value == nil {
		return nil
	}
	row, err := tables.Games().Decode(gameID, value)
	if err != nil || !row.Over() {
		return nil
	}
	return row
}

// settled reports whether nothing can follow an event of a game that is over.
func settled(last, now time.Time) bool { return now.Sub(last) > afterLast+clockSkew }
