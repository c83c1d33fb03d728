// Package player is the player aggregate: the public profile, one rating per speed,
// and the seat. Decide is a pure function from a row, a command and the broker time to
// the next row and the messages to send.
//
// The seat guarantees that a player is in at most one queue or one game that a queue
// made:
//
//	          JoinQueue                SeatInGame
//	idle ───────────────► queued ───────────────────► playing
//	 ▲  ◄─────────────── (ticket, ◄─────────────────── (ticket,
//	 │     ReleaseSeat    attempt)     RequeueSeat       attempt, game)
//	 └──────────────────────────────────────────────────┘
//	                     RecordResult
//
// For a game that two named players agreed on, TakeSeat takes the seat instead of
// JoinQueue: the queue is then one in which nobody waits, and in which the seat of the
// opponent is the only thing to come.
//
// It changes only by commands under the player's key. Those of the queue and of the
// games processor name the ticket and the attempt, so one that arrives late, twice or
// out of order does not match the seat and does nothing.
package player

import (
	"slices"

	"tabiya/schemas"
)

// State is the row of the players table.
type State struct {
	Version, Offset int64 // see Head

	ID      string
	Handle  string
	Country string // ISO 3166-1 alpha-2, or empty
	Region  string // home region
	// Revision counts the account's changes; the registration is 1.
	Revision int64
	Closed   bool
	Seq      int64 // of the last event
	Ratings  []Rating
	Seat     Seat

	Accepted []Accepted // the latest accepted client commands, oldest first
	Games    []uint64   // fingerprints of the latest rated games, oldest first
	Missed   Missed     // games that the player did not begin
	Asked    []Asked    // the latest seats asked for by TakeSeat, oldest first
	Outbox   []Sent     // the latest events, oldest first
}

// Head returns the frame of the row.
func (s *State) Head() schemas.Head { return schemas.Head{Version: s.Version, Offset: s.Offset} }

// Rating is the player's Glicko-2 rating at one speed.
type Rating struct {
	Speed      schemas.Speed
	Rating     float64
	Deviation  float64
	Volatility float64
	Games      int          // rated games at this speed
	At         schemas.Time // of the last rated game; 0 if none
}

// Status is what the seat is used for.
type Status uint8

const (
	Idle    Status = iota
	Queued         // with TicketID, in its Attempt
	Playing        // GameID, which TicketID led to
)

func (s Status) String() string {
	switch s {
	case Queued:
		return "queued"
	case Playing:
		return "playing"
	default:
		return "idle"
	}
}

// Seat is the queue or the game that the player is in. All fields are zero if Status is
// Idle.
type Seat struct {
	Status   Status
	Queue    string // queue key
	TicketID string // the id of the JoinQueue that took the seat
	Attempt  int    // number of the ticket's attempt to become a game, from 1
	GameID   string // if Playing
	// Game is set if Playing, but for games of before it was told.
	Game *schemas.SeatedGame

	// Named is the game that the seat was taken for, if Queued for a named game.
	Named *schemas.NamedGame

	// What was sent to the queue, to send the same bytes again.
	Handle            string
	Rating, Deviation float64
	Holder            string       // instance that held the ticket's lease at the join
	Since             schemas.Time // when the player began to wait; 0 if that is not known
	Again             bool         // the ticket is back in the queue after a game that the opponent did not begin
	Joined            int64        // offset of the JoinQueue
	Entered           int64        // offset of the command that started the current attempt
}

// Accepted is a command that a client may repeat.
type Accepted struct {
	Key    uint64 // hash of the command ID
	Print  uint32 // hash of what it asked for, see fingerprint
	Seq    int64  // of its first event; 0 if it had no event of this aggregate
	Offset int64
}

// Asked is a seat that a TakeSeat asked for. The same TakeSeat may come again after a
// crash, when the game is over and the seat is free again.
type Asked struct {
	Ticket  uint64              // hash of the ticket id
	Until   schemas.Time        // later than that a repeat is harmless
	Refused schemas.SeatRefusal // empty if the seat was taken
	Offset  int64               // of the TakeSeat
}

// Sent is an emitted event.
type Sent struct {
	Offset int64 // of the command that caused it
	Event  schemas.Event
}

// clone returns a deep copy.
func (s *State) clone() *State {
	n := *s
	n.Ratings = slices.Clone(s.Ratings)
	n.Accepted = slices.Clone(s.Accepted)
	n.Games = slices.Clone(s.Games)
	n.Asked = slices.Clone(s.Asked)
	n.Outbox = slices.Clone(s.Outbox)
	return &n
}
