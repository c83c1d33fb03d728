// Package queue is the queue aggregate: the tickets that wait for an opponent
// and the matches that wait for their game to start. It is pure: commands and
// broker time in, a row and messages out.
//
//	 EnterQueue          PairWave            ConfirmMatch
//	───────────► waiting ─────────► matched ──────────────► gone: they play
//	                │  ▲               │
//	    RemoveTicket│  │EnterQueue     │ExpireMatch
//	                ▼  │(next attempt) ▼
//	              gone └───────── returning
//
// A ticket whose match failed is paired again only after its player's seat has
// agreed to the next attempt: the seat, not the queue, knows whether the player
// is still free.
package queue

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// State is the row of the matchmaking table.
type State struct {
	Version, Offset int64 // see Head

	Key      string // region/pool/shard
	Seq      int64  // of the last event
	Waves    int64  // pairings tried
	LastWave schemas.Time
	// WaitMs is how long matched tickets waited, as a moving average; 0: none yet.
	WaitMs  int64
	Waiting []Ticket // in the order in which they joined
	Matches []Match  // in the order in which they were found

	// Partitions of player-commands, and for each the first offset that a
	// command from there may have: one below it came before.
	Partitions int32
	Next       []int64

	Whites []uint32 // fingerprints of the latest Whites, oldest first
	Outbox []Entry  // what the latest commands led to, oldest first
}

// Head is the frame of the row.
func (s *State) Head() schemas.Head { return schemas.Head{Version: s.Version, Offset: s.Offset} }

// WaitingCount is the number of tickets without a match.
func (s *State) WaitingCount() int { return len(s.Waiting) }

// ExpectedWait is how long the tickets that were matched lately had waited; 0 if
// none was.
func (s *State) ExpectedWait() time.Duration { return time.Duration(s.WaitMs) * time.Millisecond }

// Party is a ticket as its opponent and the game see it.
type Party struct {
	TicketID  uuid.UUID
	PlayerID  uuid.UUID
	Handle    string
	Rating    float64
	Deviation float64
	Attempt   int // to become a game, from 1
}

// Ticket waits, or is matched.
type Ticket struct {
	Party
	JoinedAt schemas.Time
	Missed   int   // waves without an opponent: the credit of waiting
	Seq      int64 // of its PlayerQueued
	// Returning: its match failed and its player's seat has not agreed to the
	// next attempt yet.
	Returning bool
}

// Match is two tickets that were asked to become a game.
type Match struct {
	GameID       uuid.UUID
	Deadline     schemas.Time
	White, Black Ticket
}

// Entry is what one command led to, enough to say it again byte for byte. It is
// read after a crash and for a repeat, so it stays encoded.
type Entry struct {
	Offset    int64
	At        schemas.Time
	CommandID uuid.UUID
	Facts     []byte // see facts.go; never altered
}

// clone is a copy that may be altered without touching s.
func (s *State) clone() *State {
	n := *s
	n.Waiting = slices.Clone(s.Waiting)
	n.Matches = slices.Clone(s.Matches)
	n.Next = slices.Clone(s.Next)
	n.Whites = slices.Clone(s.Whites)
	n.Outbox = slices.Clone(s.Outbox)
	return &n
}
