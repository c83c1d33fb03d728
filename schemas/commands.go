package schemas

import "time"

// CommandType names a command. The comment behind each says who sends it.
type CommandType string

// Player commands, keyed by player id.
const (
	RegisterPlayer CommandType = "RegisterPlayer" // account outbox relay
	UpdatePlayer   CommandType = "UpdatePlayer"   // account outbox relay
	ClosePlayer    CommandType = "ClosePlayer"    // account outbox relay
	JoinQueue      CommandType = "JoinQueue"      // matchmaking service: take the seat, then enter the queue
	LeaveQueue     CommandType = "LeaveQueue"     // matchmaking service
	ReleaseSeat    CommandType = "ReleaseSeat"    // matchmaking processor: the ticket has left the queue
	RequeueSeat    CommandType = "RequeueSeat"    // matchmaking processor: the match failed, the ticket waits again
	SeatInGame     CommandType = "SeatInGame"     // games processor: the game that the match made has started
	RecordResult   CommandType = "RecordResult"   // games processor: free the seat, fold the result into the rating
)

// Queue commands, keyed by queue.
const (
	EnterQueue   CommandType = "EnterQueue"   // players processor, once the seat is taken
	RemoveTicket CommandType = "RemoveTicket" // players processor, for LeaveQueue
	PairWave     CommandType = "PairWave"     // timer
	ConfirmMatch CommandType = "ConfirmMatch" // games processor: the game has started
	ExpireMatch  CommandType = "ExpireMatch"  // timer: the game has not started in time
)

// Game commands, keyed by game id.
const (
	CreateGame  CommandType = "CreateGame"  // matchmaking processor, livegame service with a service token, or games processor for a rematch
	PlayMove    CommandType = "PlayMove"    // livegame service
	Resign      CommandType = "Resign"      // livegame service
	OfferDraw   CommandType = "OfferDraw"   // livegame service
	AcceptDraw  CommandType = "AcceptDraw"  // livegame service
	DeclineDraw CommandType = "DeclineDraw" // livegame service
	ClaimDraw   CommandType = "ClaimDraw"   // livegame service: threefold repetition, or 50 moves
	AddTime     CommandType = "AddTime"     // livegame service: to the opponent
	AbortGame   CommandType = "AbortGame"   // livegame service before ply 2; matchmaking processor for a failed match
	CheckFlag   CommandType = "CheckFlag"   // timer: a flag or the first-move limit may have fallen
	EvictGame   CommandType = "EvictGame"   // timer: drop the row of a game that ended long enough ago

	OfferTakeback   CommandType = "OfferTakeback"   // livegame service
	AcceptTakeback  CommandType = "AcceptTakeback"  // livegame service
	DeclineTakeback CommandType = "DeclineTakeback" // livegame service
	MarkGone        CommandType = "MarkGone"        // livegame service, as ActorSystem: nobody listens for a player
	MarkPresent     CommandType = "MarkPresent"     // livegame service, as ActorSystem: somebody does again
	ClaimVanished   CommandType = "ClaimVanished"   // livegame service: the opponent has been gone for long enough
	OfferRematch    CommandType = "OfferRematch"    // livegame service, once the game is over
	AcceptRematch   CommandType = "AcceptRematch"   // livegame service
	DeclineRematch  CommandType = "DeclineRematch"  // livegame service
)

// Actors of a command that are not players. A refusal is answered to players
// and to ActorService only: a processor does not wait for a reply.
const (
	ActorSystem  = "system"  // a processor or a timer
	ActorService = "service" // a service token
)

// Command is the envelope of every *-commands topic.
type Command struct {
	ID      string // idempotency key, a UUID; see CommandID
	Type    CommandType
	Key     string // player id, queue key or game id, by the type's aggregate; also the record's key
	Region  string
	Actor   string // player id, ActorSystem or ActorService
	Payload any    // *JoinQueuePayload and so on, by Type; nil where the type has none
}

// RegisterPlayerPayload carries the public facts of a new account.
type RegisterPlayerPayload struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// UpdatePlayerPayload carries the public facts as they are from now on; the
// envelope's region is the player's new home region.
type UpdatePlayerPayload struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"`
	// Revision counts the account's changes from 1 (its registration): an
	// older one that arrives late is ignored.
	Revision int64 `json:"revision"`
}

// JoinQueuePayload takes the seat for one ticket. The ticket's id is the
// command's id.
type JoinQueuePayload struct {
	Queue string `json:"queue"` // queue key
}

// ReleaseSeatPayload frees the seat if it is still held by that ticket.
type ReleaseSeatPayload struct {
	TicketID string `json:"ticketId"`
}

// RequeueSeatPayload puts the seat back to queued for the ticket's next attempt,
// and the ticket, by an EnterQueue, back among those that can be paired.
type RequeueSeatPayload struct {
	TicketID string `json:"ticketId"`
	Attempt  int    `json:"attempt"` // the attempt that now begins
	GameID   string `json:"gameId"`  // the game that failed to start
	Queue    string `json:"queue"`   // where the ticket is: told to drop it if the seat is taken
}

// SeatInGamePayload moves the seat from a ticket's attempt to the game. A late
// one, of an attempt that has failed meanwhile, does nothing.
type SeatInGamePayload struct {
	GameID   string `json:"gameId"`
	TicketID string `json:"ticketId"`
	Attempt  int    `json:"attempt"`
}

// RecordResultPayload ends a game for one of its players.
type RecordResultPayload struct {
	GameID string `json:"gameId"`
	Speed  Speed  `json:"speed"`
	// Rated is false for a casual or aborted game: only the seat is freed.
	Rated    bool    `json:"rated"`
	Score    float64 `json:"score"` // 1, 0.5 or 0, of the player under whose key this is
	Opponent Seated  `json:"opponent"`
}

// EnterQueuePayload is a ticket.
type EnterQueuePayload struct {
	TicketID  string  `json:"ticketId"`
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	// Attempt, if not 0, brings back a ticket whose match failed: the seat is
	// queued again, for that attempt.
	Attempt int    `json:"attempt,omitempty"`
	Origin  Origin `json:"origin"`
}

// RemoveTicketPayload withdraws a ticket that is not matched yet.
type RemoveTicketPayload struct {
	TicketID string `json:"ticketId"`
	PlayerID string `json:"playerId"`
	Origin   Origin `json:"origin"`
}

// Origin is the place of the player command behind a queue command. From one
// partition they arrive in order, so a queue that remembers the last offset of
// each partition tells a repeat, however late it comes, from a new ticket.
type Origin struct {
	Partitions int32 `json:"partitions"` // of player-commands; more after a scaling
	Partition  int32 `json:"partition"`
	Offset     int64 `json:"offset"`
}

// ConfirmMatchPayload acknowledges GameStarted.
type ConfirmMatchPayload struct {
	GameID string `json:"gameId"`
}

// ExpireMatchPayload asks whether the match's deadline has passed.
type ExpireMatchPayload struct {
	GameID string `json:"gameId"`
}

// Seated is a player at the board with the rating he came with.
type Seated struct {
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	// TicketID and Attempt are set when a queue made the game.
	TicketID string `json:"ticketId,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
}

// CreateWithin is how long a service may repeat a request for a game, from the
// time of its key. The game's row stays longer, so a repeat meets it or comes too
// late; were the row gone, the repeat would make the same game a second time.
const CreateWithin = time.Minute

// RematchWithin is how long after it was accepted a rematch can be made, as long
// as the processors may be away for. Its row stays longer, for the same reason.
const RematchWithin = 10 * time.Minute

// CreateGamePayload seats two players.
type CreateGamePayload struct {
	White       Seated      `json:"white"`
	Black       Seated      `json:"black"`
	TimeControl TimeControl `json:"timeControl"`
	Rated       bool        `json:"rated"`
	// Queue is the key of the queue that made the match, empty when a service did.
	Queue string `json:"queue,omitempty"`
	// Deadline, if not 0, is the match's or the request's: a command that comes
	// later makes no game. Its match has failed, or its game is over and forgotten.
	Deadline Time `json:"deadline,omitempty"`
	// FEN is the starting position; empty for the usual one.
	FEN string `json:"fen,omitempty"`
	// Private is a game that only its players may see.
	Private bool `json:"private,omitempty"`
	// RematchOf is the game that this one follows, if it is a rematch.
	RematchOf string `json:"rematchOf,omitempty"`
}

// PlayMovePayload is one move in UCI, "e2e4" or "e7e8q".
type PlayMovePayload struct {
	UCI string `json:"uci"`
	// Ply, if not 0, is the ply the client believes to play, from 1: a move that
	// comes late or twice is refused instead of played in another position.
	Ply int `json:"ply,omitempty"`
	// LagCs is how long the move was under way, in centiseconds, as the service
	// believes: no more than the round trip that it measured itself.
	LagCs int64 `json:"lagCs,omitempty"`
}

// CheckFlagPayload names the position the timer was set in, for logs; the
// handler judges the row as it is.
type CheckFlagPayload struct {
	Ply int `json:"ply"`
}
