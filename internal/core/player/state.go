// Package player is the player aggregate: public facts, one rating a speed, and
// the one seat. It is pure: commands and broker time in, a row and messages out.
//
// The seat is the promise that a player sits in one queue or in one game that a
// queue made, never in two:
//
//	          JoinQueue                SeatInGame
//	idle ───────────────► queued ───────────────────► playing
//	 ▲  ◄─────────────── (ticket, ◄─────────────────── (ticket,
//	 │     ReleaseSeat    attempt)     RequeueSeat       attempt, game)
//	 └──────────────────────────────────────────────────┘
//	                     RecordResult
//
// It changes under the player's key alone. What the queue and the games
// processor say about it names the ticket and the attempt, so that what comes
// late, twice or out of order finds another seat and does nothing.
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
	// Revision counts the account's changes from 1 (its registration).
	Revision int64
	Closed   bool
	Seq      int64 // of the last event
	Ratings  []Rating
	Seat     Seat

	Accepted []Accepted // the latest commands that clients had accepted, oldest first
	Games    []uint64   // fingerprints of the latest rated games, oldest first
	Outbox   []Sent     // the latest events, oldest first
}

// Head is the frame of the row.
func (s *State) Head() schemas.Head { return schemas.Head{Version: s.Version, Offset: s.Offset} }

// Rating is the player's strength at one speed.
type Rating struct {
	Speed      schemas.Speed
	Rating     float64
	Deviation  float64
	Volatility float64
	Games      int          // rated games at this speed
	At         schemas.Time // of the last rated game; 0: none yet
}

// Status is what the seat is used for.
type Status uint8

const (
	Idle    Status = iota
	Queued         // for Ticket, in its attempt
	Playing        // GameID, which Ticket led to
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

// Seat is where the player sits. Only Status Idle has empty fields.
type Seat struct {
	Status   Status
	Queue    string // queue key
	TicketID string // the id of the JoinQueue that took the seat
	Attempt  int    // of the ticket to become a game, from 1
	GameID   string // if Playing

	// What the queue was told, so that it can be told again in the same words.
	Handle            string
	Rating, Deviation float64
	Joined            int64 // offset of the JoinQueue
	Entered           int64 // offset of the command that sent the ticket into its present attempt
}

// Accepted remembers a command that a client may send again.
type Accepted struct {
	Key    uint64 // fingerprint of the command id
	Print  uint32 // fingerprint of what it asked for
	Seq    int64  // of its first event; 0: none of this aggregate
	Offset int64
}

// Sent is an event as it was emitted.
type Sent struct {
	Offset int64 // of the command that caused it
	Event  schemas.Event
}

// clone is a copy that may be altered without touching s.
func (s *State) clone() *State {
	n := *s
	n.Ratings = slices.Clone(s.Ratings)
	n.Accepted = slices.Clone(s.Accepted)
	n.Games = slices.Clone(s.Games)
	n.Outbox = slices.Clone(s.Outbox)
	return &n
}
