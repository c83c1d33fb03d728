package schemas

import "time"

// CommandType names a command. The comment of each says who sends it.
type CommandType string

// Player commands, keyed by player id.
const (
	RegisterPlayer CommandType = "RegisterPlayer" // account outbox relay
	UpdatePlayer   CommandType = "UpdatePlayer"   // account outbox relay
	ClosePlayer    CommandType = "ClosePlayer"    // account outbox relay
	EndSessions    CommandType = "EndSessions"    // account outbox relay: the player signed out, or changed the password
	JoinQueue      CommandType = "JoinQueue"      // matchmaking service: take the seat, then enter the queue
	LeaveQueue     CommandType = "LeaveQueue"     // matchmaking service
	ReleaseSeat    CommandType = "ReleaseSeat"    // matchmaking processor: the ticket has left the queue
	RequeueSeat    CommandType = "RequeueSeat"    // matchmaking processor: the match failed, the ticket waits again
	SeatInGame     CommandType = "SeatInGame"     // games processor: the game that the match made has started
	TakeSeat       CommandType = "TakeSeat"       // games processor, for a rematch: take the seat, then tell the queue of named games
	RecordResult   CommandType = "RecordResult"   // games processor: free the seat, update the rating
)

// Queue commands, keyed by queue.
const (
	EnterQueue   CommandType = "EnterQueue"   // players processor, once the seat is taken
	RemoveTicket CommandType = "RemoveTicket" // players processor, for LeaveQueue, or because a seat is refused to a named game
	PairWave     CommandType = "PairWave"     // timer
	HoldTicket   CommandType = "HoldTicket"   // matchmaking service: an instance has heard of the player, and holds the ticket's lease
	LapseTicket  CommandType = "LapseTicket"  // matchmaking service: the instance that holds the lease does not hear of the player any more
	EndLeases    CommandType = "EndLeases"    // timer: instances are silent, and what they held has lapsed
	DropLapsed   CommandType = "DropLapsed"   // timer: a ticket has been dormant for too long
	ConfirmMatch CommandType = "ConfirmMatch" // games processor: the game has started
	ExpireMatch  CommandType = "ExpireMatch"  // timer: the game has not started, or its seats were not taken, in time
)

// Game commands, keyed by game id.
const (
	CreateGame  CommandType = "CreateGame"  // matchmaking processor, or livegame service with a service token
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
	MarkGone        CommandType = "MarkGone"        // livegame service, as ActorSystem: the player's last connection closed
	MarkPresent     CommandType = "MarkPresent"     // livegame service, as ActorSystem: the player connected again
	ClaimVanished   CommandType = "ClaimVanished"   // livegame service: the opponent has been gone for long enough
	OfferRematch    CommandType = "OfferRematch"    // livegame service, once the game is over
	AcceptRematch   CommandType = "AcceptRematch"   // livegame service
	DeclineRematch  CommandType = "DeclineRematch"  // livegame service
	FailRematch     CommandType = "FailRematch"     // matchmaking processor: the accepted rematch is not played

	Pulse CommandType = "Pulse" // games processor, about once a second for each partition: under its PulseKey, see package outage

	// RepairRow makes the quarantined row of a game again; the other two those of a
	// player and a queue. The operator sends it; the processor sends it a second time,
	// once it has read what the row follows from.
	RepairRow    CommandType = "RepairRow"
	RepairPlayer CommandType = "RepairPlayer"
	RepairQueue  CommandType = "RepairQueue"
)

// The actors that are not players. ActorSystem gets no reply to a refused command,
// because a processor waits for none; all others do.
const (
	ActorSystem   = "system"   // a processor or a timer
	ActorService  = "service"  // a service token
	ActorOperator = "operator" // a command of the program's user, such as RepairRow
)

// Command is the envelope of every *-commands topic.
type Command struct {
	ID      string // idempotency key, a UUID; see CommandID
	Type    CommandType
	Key     string // player id, queue key or game id, depending on Type; also the record's key
	Region  string
	Actor   string // player id, ActorSystem or ActorService
	Payload any    // pointer to the payload of Type, such as *JoinQueuePayload; nil if Type has none
}

// RegisterPlayerPayload carries the public facts of a new account.
type RegisterPlayerPayload struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// UpdatePlayerPayload carries all public facts of a changed account. The
// envelope's region is the player's new home region.
type UpdatePlayerPayload struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"`
	// Revision counts the changes of the account; 1 is its registration. An
	// update with an older revision is ignored.
	Revision int64 `json:"revision"`
}

// EndSessionsPayload ends one session, if TokenID is set, or all that began before
// NotBefore.
type EndSessionsPayload struct {
	NotBefore Time   `json:"notBefore,omitempty"`
	TokenID   string `json:"tokenId,omitempty"`  // of the session's token, its claim jti
	IssuedAt  Time   `json:"issuedAt,omitempty"` // of that token
}

// JoinQueuePayload takes the player's seat for a new ticket, whose id is the
// command's id.
type JoinQueuePayload struct {
	Queue string `json:"queue"` // queue key
	// Holder is the instance of the matchmaking service that has heard of the player;
	// empty if the ticket needs no sign of life.
	Holder string `json:"holder,omitempty"`
}

// HoldTicketPayload says that the instance has heard of the ticket's player. LapseTicket
// has the same payload, and does nothing if another instance holds the lease by then.
type HoldTicketPayload struct {
	TicketID string `json:"ticketId"`
	Holder   string `json:"holder"`
}

// EndLeasesPayload names instances that are silent. It is empty if all were heard of.
type EndLeasesPayload struct {
	Holders []string `json:"holders"`
}

// ReleaseSeatPayload frees the seat if the ticket still holds it.
type ReleaseSeatPayload struct {
	TicketID string `json:"ticketId"`
	// GameID is set if the ticket led to a game that did not start in time: the seat is
	// freed from that game too.
	GameID string `json:"gameId,omitempty"`
}

// RequeueSeatPayload returns the seat to queued for the ticket's next attempt. The
// EnterQueue that follows makes the ticket available for pairing again.
type RequeueSeatPayload struct {
	TicketID string `json:"ticketId"`
	Attempt  int    `json:"attempt"` // the attempt that now begins
	GameID   string `json:"gameId"`  // the game that failed to start
	Queue    string `json:"queue"`   // the ticket's queue; it removes the ticket if the seat is taken
}

// SeatInGamePayload moves the seat from a ticket's attempt to the game. It does
// nothing if that attempt has failed in the meantime.
type SeatInGamePayload struct {
	GameID   string `json:"gameId"`
	TicketID string `json:"ticketId"`
	Attempt  int    `json:"attempt"`
	// Game is nil in commands of before it was told.
	Game *SeatedGame `json:"game,omitempty"`
}

// SeatedGame is what a player's app needs to show the board of their game.
type SeatedGame struct {
	Color          Color       `json:"color"` // the player's
	OpponentID     string      `json:"opponentId"`
	OpponentHandle string      `json:"opponentHandle"`
	OpponentRating float64     `json:"opponentRating"`
	TimeControl    TimeControl `json:"timeControl"`
	Rated          bool        `json:"rated"`
}

// RecordResultPayload ends a game for one of its players.
type RecordResultPayload struct {
	GameID string `json:"gameId"`
	Speed  Speed  `json:"speed"`
	// Rated is false for a casual or aborted game: only the seat is freed.
	Rated    bool    `json:"rated"`
	Score    float64 `json:"score"` // the player's: 1, 0.5 or 0
	Opponent Seated  `json:"opponent"`
	// Missed says that the player did not make their first move, or aborted the game.
	Missed bool `json:"missed,omitempty"`
	// Again says that the opponent did not make their first move: the player goes back
	// into the queue that paired them.
	Again bool `json:"again,omitempty"`
}

// EnterQueuePayload is a ticket that enters a queue.
type EnterQueuePayload struct {
	TicketID  string  `json:"ticketId"`
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	// Attempt is 0 for a new ticket. Otherwise the ticket returns after a failed
	// match: its seat is queued again, for that attempt.
	Attempt int    `json:"attempt,omitempty"`
	Origin  Origin `json:"origin"`
	// Holder is that of the JoinQueue.
	Holder string `json:"holder,omitempty"`
	// Since is when the wait began, for the credit, if that was before this ticket.
	Since Time `json:"since,omitempty"`
	// Named is set if the seat was taken for a named game.
	Named *NamedGame `json:"named,omitempty"`
}

// RemoveTicketPayload withdraws a ticket that is not matched yet.
type RemoveTicketPayload struct {
	TicketID string `json:"ticketId"`
	PlayerID string `json:"playerId"`
	Origin   Origin `json:"origin"`
	// Reason is why the ticket's player does not play a named game. Named is that game
	// if the ticket never took the seat.
	Reason SeatRefusal `json:"reason,omitempty"`
	Named  *NamedGame  `json:"named,omitempty"`
}

// Origin is the place in player-commands of the command that led to a queue
// command. Those of one partition arrive in order, so a queue that keeps the last
// offset of each partition can tell a repeated command from a new one at any time.
type Origin struct {
	Partitions int32 `json:"partitions"` // of player-commands; grows when the topic is scaled
	Partition  int32 `json:"partition"`
	Offset     int64 `json:"offset"`
}

// LateCommand is a command that was refused because its aggregate could not be read, and
// its broker time.
type LateCommand struct {
	Command Command
	At      Time
}

// ConfirmMatchPayload acknowledges GameStarted.
type ConfirmMatchPayload struct {
	GameID string `json:"gameId"`
}

// ExpireMatchPayload asks whether the match's deadline has passed.
type ExpireMatchPayload struct {
	GameID string `json:"gameId"`
}

// Seated is a player of a game, with the rating they started it with.
type Seated struct {
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	// TicketID and Attempt are set if a queue made the game.
	TicketID string `json:"ticketId,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
}

// CreateWithin is how long a service may repeat a request for a game, counted from
// the time of its Idempotency-Key. The game's row is kept longer: without the row,
// a repeated request would make the same game a second time.
const CreateWithin = time.Minute

// CreateGamePayload describes a new game.
type CreateGamePayload struct {
	White       Seated      `json:"white"`
	Black       Seated      `json:"black"`
	TimeControl TimeControl `json:"timeControl"`
	Rated       bool        `json:"rated"`
	// Queue is the key of the queue that made the match; empty if a service did.
	Queue string `json:"queue,omitempty"`
	// Deadline is that of the match or of the request; 0 is none. A later command
	// makes no game, because the match has failed or the game is over and evicted.
	Deadline Time `json:"deadline,omitempty"`
	// FEN is the starting position; empty for the standard one.
	FEN string `json:"fen,omitempty"`
	// Private hides the game from everybody but its players.
	Private bool `json:"private,omitempty"`
	// RematchOf is the id of the game before, if this one is a rematch.
	RematchOf string `json:"rematchOf,omitempty"`
}

// PlayMovePayload is one move in UCI notation, such as "e2e4" or "e7e8q".
type PlayMovePayload struct {
	UCI string `json:"uci"`
	// Ply is the number, from 1, of the ply that the client means; 0 is any. A late
	// or repeated move is then refused instead of played in another position.
	Ply int `json:"ply,omitempty"`
	// LagCs is how long the move was on the network, in centiseconds, by the
	// service's estimate: at most the round trip that it measured.
	LagCs int64 `json:"lagCs,omitempty"`
}

// CheckFlagPayload says, for logs only, at which ply the timer was set. The command
// is decided against the row as it is.
type CheckFlagPayload struct {
	Ply int `json:"ply"`
}
