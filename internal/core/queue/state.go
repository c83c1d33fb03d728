// Package queue is the queue aggregate: the tickets that wait for an opponent, and the
// matches that wait for their game to start. Decide is a pure function from a row, a
// command and the broker time to the next row and the messages to send.
//
//	 EnterQueue          PairWave            ConfirmMatch
//	───────────► waiting ─────────► matched ──────────────► removed: playing
//	                │  ▲               │
//	    RemoveTicket│  │EnterQueue     │ExpireMatch
//	                ▼  │(next attempt) ▼
//	           removed └───────── returning
//
// In the queue of named games (schemas.NamedQueueKey) nobody waits. Two players who
// agreed on a game take their seats for it, and the second EnterQueue makes the match:
//
//	 EnterQueue            EnterQueue of the other        ConfirmMatch
//	───────────► half seated ─────────────────────► matched ───────────► removed: playing
//	                  │                                │
//	      RemoveTicket│ExpireMatch          ExpireMatch│
//	                  ▼                                ▼
//	         failed: seats released, FailRematch to the game before
//
// A ticket whose match failed is paired again only after its player's seat has agreed
// to the next attempt: the seat (package player), not the queue, knows whether the
// player is still free.
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
	Waves    int64  // number of waves so far
	LastWave schemas.Time
	// WaitMs is how many milliseconds matched tickets waited, as a moving average; 0 if
	// none was matched yet.
	WaitMs  int64
	Waiting []Ticket // in the order in which they joined
	Matches []Match  // in the order in which they were found

	// Pairs are the named games of which not both players have taken their seats.
	Pairs []Pair
	// Dead are the named games that failed before their deadline.
	Dead []Dead

	// Partitions is the number of partitions of player-commands. Next has, for each of
	// them, the lowest offset of a new command: one below it is a repeat.
	Partitions int32
	Next       []int64

	Whites []uint32 // hashes of the players who had White, oldest first
	Outbox []Entry  // results of the latest commands, oldest first
}

// Head returns the frame of the row.
func (s *State) Head() schemas.Head { return schemas.Head{Version: s.Version, Offset: s.Offset} }

// WaitingCount returns the number of tickets without a match whose players are there.
func (s *State) WaitingCount() (n int) {
	for i := range s.Waiting {
		if !s.Waiting[i].Dormant() {
			n++
		}
	}
	return n
}

// ExpectedWait returns the average wait of recently matched tickets, or 0 if there are
// none.
func (s *State) ExpectedWait() time.Duration { return time.Duration(s.WaitMs) * time.Millisecond }

// Party is what the opponent and the game learn about a ticket.
type Party struct {
	TicketID  uuid.UUID
	PlayerID  uuid.UUID
	Handle    string
	Rating    float64
	Deviation float64
	Attempt   int // number of the attempt to become a game, from 1
}

// Ticket is a player's request for a game. It is waiting or matched.
type Ticket struct {
	Party
	JoinedAt schemas.Time
	Missed   int   // waves without an opponent, see package pairing
	Seq      int64 // of its PlayerQueued
	// Holder is the instance of the service that has heard of the player: it holds the
	// ticket's lease. Zero if none has: such a ticket lapses only when its match fails.
	Holder uuid.UUID
	// LapsedAt is when the lease lapsed; 0 while it is held. A dormant ticket is not
	// paired, keeps its credit, and is dropped after Config.Dormancy.
	LapsedAt schemas.Time
	// Returning is set after the match failed, until the player's seat has agreed to
	// the next attempt.
	Returning bool
}

// Dormant reports whether nobody has heard of the player any more.
func (t *Ticket) Dormant() bool { return t.LapsedAt != 0 }

// pairable reports whether the ticket takes part in waves.
func (t *Ticket) pairable() bool { return !t.Returning && !t.Dormant() }

// Match is two tickets whose game was requested and has not started yet.
type Match struct {
	GameID       uuid.UUID
	Deadline     schemas.Time
	White, Black Ticket
	// Named is set if the players agreed on the game.
	Named *schemas.NamedGame
}

// Pair is a named game that waits for its players' seats.
type Pair struct {
	Game         schemas.NamedGame
	White, Black *Party // nil until the seat is taken; never modified
}

// Dead is a named game that failed. A seat that is taken for it is released.
type Dead struct {
	GameID uuid.UUID
	Until  schemas.Time // the game's deadline; after that it needs no memory
}

// Entry is the result of one command, from which its messages can be rebuilt byte for
// byte. It is needed only after a crash or for a repeat, so it stays encoded.
type Entry struct {
	Offset    int64
	At        schemas.Time
	CommandID uuid.UUID
	Facts     []byte // see facts.go; never modified
}

// clone returns a copy whose lists can be changed.
func (s *State) clone() *State {
	n := *s
	n.Waiting = slices.Clone(s.Waiting)
	n.Matches = slices.Clone(s.Matches)
	n.Pairs = slices.Clone(s.Pairs)
	n.Dead = slices.Clone(s.Dead)
	n.Next = slices.Clone(s.Next)
	n.Whites = slices.Clone(s.Whites)
	n.Outbox = slices.Clone(s.Outbox)
	return &n
}
