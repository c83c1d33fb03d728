// Package finished finds games that are over and that this instance no longer holds
// (ADR 24). It looks in memory, then for the row in history, and reads the log if
// that row may be out of date.
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

// History finds finished games. The history service implements it.
type History interface {
	// Played returns the broker time of a game's first command and the game's row of
	// games-table after its end. row is nil if history stored none. ok is false if
	// history has no such finished game. err means that history is unavailable.
	Played(ctx context.Context, gameID string) (from time.Time, row []byte, ok bool, err error)
}

// Games finds finished games. It remembers those that it found and those that were
// evicted recently.
type Games struct {
	history  History // nil: only remembered games are found
	readLog  func(ctx context.Context, gameID string, from time.Time) (logged, error)
	recent   *lru.Cache[string, body]
	flight   singleflight.Group
	reading  chan struct{} // holds a token while one goroutine reads the log
	awaiting atomic.Int64
}

// body is a game encoded as in its row. It takes about 2 KB, a fraction of its State.
type body struct {
	head  schemas.Head
	bytes []byte
}

const (
	// maxRecent limits the games that are remembered, to about 4 MB.
	maxRecent = 2048
	// maxAwaiting limits the requests that wait for a game to be read. Games are read
	// from the log one at a time, so that reading leaves the cores to the players.
	maxAwaiting = 32
	loadTimeout = 10 * time.Second
	// historyDelay is how far history may be behind. A row is remembered once it is
	// older than historyDelay; until then history may still lack rematch events.
	historyDelay = time.Hour
)

var errTooMany = errors.New("too many finished games are being read")

// ErrOutOfReach means that a game's events are spread over more than
// LogReader.MaxBytes of the log.
var ErrOutOfReach = errors.New("the game's events are too far apart in the log")

// New creates Games. history may be nil.
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

// Remember stores a finished game.
func (g *Games) Remember(s *game.State) {
	g.recent.Add(s.ID, body{s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s)})
}

// Forget removes a game, because it has newer events than were remembered.
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
		return nil // cannot happen to bytes that Remember encoded; if it does, the log has the game
	}
	return s
}

// Find returns a finished game; nil if there is none. It returns ErrOutOfReach if the
// game's events are too far apart in the log, and other errors if history or Kafka is
// unavailable or too many requests wait.
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

func (g *Games) load(ctx context.Context, gameID string) (s *game.State, err error) {
	defer func() { // singleflight would end the process
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("read finished game %s: panic: %v", gameID, p)
		}
	}()
	if s := g.Recall(gameID); s != nil {
		return s, nil // another request has just loaded it
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
		return row, nil // it lacks at most rematch events of the last minutes
	}
	if err != nil {
		return nil, fmt.Errorf("read finished game %s: %w", gameID, err)
	}
	if l.state != nil && l.final {
		g.Remember(l.state)
	}
	return l.state, nil
}

// decode decodes the row of a finished game. It returns nil if it cannot; then the log
// must be read.
func decode(gameID string, value []byte) *game.State {
	if value == nil {
		return nil
	}
	table := tables.Games()
	row, err := table.Decode(gameID, value)
	if err != nil || !row.Over() || table.Check(row) != nil {
		return nil
	}
	return row
}

// settled reports whether a finished game, whose last event came at last, can get no
// further event.
func settled(last, now time.Time) bool { return now.Sub(last) > afterLast+clockSkew }
