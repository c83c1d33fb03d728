package livegame

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

// Finished knows the games that were played; the history service.
type Finished interface {
	// Played gives the broker time of a game's first command, and the game's row of
	// games-table after its end, nil if it has none. ok is false if there is no such
	// finished game; an error means that it cannot be said now.
	Played(ctx context.Context, gameID string) (from time.Time, row []byte, ok bool, err error)
}

// bygones are the games that ended and are not held any more. Finished has their
// rows, of which their events are made. Where it has none, or something about a
// rematch may still be said, the log is read: it has all their events, among those
// of all games of a partition, and Finished tells where about (ADR 24). What was
// found once is remembered, and so is what was let go lately.
type bygones struct {
	index  Finished // nil: only what is remembered
	read   func(ctx context.Context, gameID string, from time.Time) (past, error)
	kept   *lru.Cache[string, body]
	flight singleflight.Group
	turn   chan struct{} // whoever has it reads
	queue  atomic.Int64
}

// body is a game as its row would be: about 2 KB, a fraction of the folded state.
type body struct {
	head  schemas.Head
	bytes []byte
}

// past is a game as it was read from the log.
type past struct {
	state *game.State // nil if it was not found, or not whole
	final bool        // nothing can come behind it
}

const (
	// keptBygones bounds their memory, about 4 MB.
	keptBygones = 2048
	// maxQueued bounds those who wait for a turn, which is one at a time: reading
	// a piece of the log must not take the cores from those who play.
	maxQueued     = 32
	bygoneTimeout = 10 * time.Second
	// sinkBehind is how old a game is before its row is remembered. Where history is
	// behind, a younger one may still lack what was said about a rematch.
	sinkBehind = time.Hour
)

var (
	errQueueFull  = errors.New("too many finished games are being read")
	errNotInReach = errors.New("the game's events are too far apart in the log")
)

func newBygones(index Finished, read func(context.Context, string, time.Time) (past, error)) *bygones {
	kept, err := lru.New[string, body](keptBygones)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &bygones{index: index, read: read, kept: kept, turn: make(chan struct{}, 1)}
}

// keep remembers a game that is let go.
func (b *bygones) keep(s *game.State) {
	b.kept.Add(s.ID, body{s.Head(), game.AppendBody(make([]byte, 0, game.SizeOf(s)), s)})
}

// forget is for a game of which there is more than was remembered.
func (b *bygones) forget(gameID string) { b.kept.Remove(gameID) }

func (b *bygones) recall(gameID string) *game.State {
	kept, ok := b.kept.Get(gameID)
	if !ok {
		return nil
	}
	s, err := game.DecodeBody(gameID, kept.head, kept.bytes)
	if err != nil {
		return nil // it was encoded here; the log still has it
	}
	return s
}

// find gives a finished game; nil if there is none.
func (b *bygones) find(ctx context.Context, gameID string) (*game.State, error) {
	if s := b.recall(gameID); s != nil || b.index == nil {
		return s, nil
	}
	if b.queue.Add(1) > maxQueued {
		b.queue.Add(-1)
		return nil, errQueueFull
	}
	defer b.queue.Add(-1)
	done := b.flight.DoChan(gameID, func() (any, error) {
		// Whoever asked first may go away; the others still want it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bygoneTimeout)
		defer cancel()
		return b.load(ctx, gameID)
	})
	select {
	case r := <-done:
		s, _ := r.Val.(*game.State)
		return s, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stored is a game by its row; nil if that cannot be read. The log can.
func stored(gameID string, value []byte) *game.State {
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

func (b *bygones) load(ctx context.Context, gameID string) (*game.State, error) {
	if s := b.recall(gameID); s != nil {
		return s, nil // it was read while this one came here
	}
	from, value, ok, err := b.index.Played(ctx, gameID)
	if err != nil || !ok {
		return nil, err
	}
	row := stored(gameID, value)
	if row != nil && settled(row.UpdatedAt.Std(), time.Now()) {
		if settled(row.UpdatedAt.Std().Add(sinkBehind), time.Now()) {
			b.keep(row)
		}
		return row, nil
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p, err := b.read(ctx, gameID, from)
	if errors.Is(err, errNotInReach) && row != nil {
		return row, nil // all but what was said about a rematch in these minutes
	}
	if err != nil {
		return nil, fmt.Errorf("read finished game %s: %w", gameID, err)
	}
	if p.state != nil && p.final {
		b.keep(p.state)
	}
	return p.state, nil
}
