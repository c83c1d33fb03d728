package schemas

// EventType names an event.
type EventType string

const (
	PlayerRegistered EventType = "PlayerRegistered"
	PlayerUpdated    EventType = "PlayerUpdated"
	PlayerRated      EventType = "PlayerRated"
	PlayerClosed     EventType = "PlayerClosed"
	SessionsEnded    EventType = "SessionsEnded"

	PlayerQueued    EventType = "PlayerQueued"
	PlayerLeftQueue EventType = "PlayerLeftQueue"
	MatchFound      EventType = "MatchFound"
	MatchConfirmed  EventType = "MatchConfirmed"
	MatchFailed     EventType = "MatchFailed"

	GameCreated  EventType = "GameCreated"
	GameStarted  EventType = "GameStarted"
	MoveMade     EventType = "MoveMade"
	DrawOffered  EventType = "DrawOffered"
	DrawDeclined EventType = "DrawDeclined"

	TakebackOffered  EventType = "TakebackOffered"
	TakebackDeclined EventType = "TakebackDeclined"
	TakebackAccepted EventType = "TakebackAccepted"
	TimeAdded        EventType = "TimeAdded"
	TimeRestored     EventType = "TimeRestored" // after an outage
	PlayerLeft       EventType = "PlayerLeft"
	PlayerReturned   EventType = "PlayerReturned"

	// The terminal events; their payload is GameOver.
	GameEnded    EventType = "GameEnded"    // by the position, by agreement or by a claim
	GameResigned EventType = "GameResigned" //
	GameTimeout  EventType = "GameTimeout"  // a flag fell
	GameAborted  EventType = "GameAborted"  // no result

	// The only events that may follow a terminal one.
	RematchOffered  EventType = "RematchOffered"
	RematchDeclined EventType = "RematchDeclined"
	RematchAccepted EventType = "RematchAccepted"
	RematchFailed   EventType = "RematchFailed" // after RematchAccepted: the rematch is not played
)

// Terminal reports whether t ends a game. Only events about a rematch may follow.
func (t EventType) Terminal() bool {
	switch t {
	case GameEnded, GameResigned, GameTimeout, GameAborted:
		return true
	}
	return false
}

// CarriesRow reports whether a record of t carries the game's row (see HeaderRow):
// those that end a game, and those about its rematch.
func (t EventType) CarriesRow() bool {
	switch t {
	case RematchOffered, RematchDeclined, RematchAccepted, RematchFailed:
		return true
	}
	return t.Terminal()
}

// Topic returns the events topic of t, or "" for an unknown type.
func (t EventType) Topic() string { return eventTopics[eventKinds[t].of] }

// Event is the envelope of every *-events topic.
type Event struct {
	ID         string // EventID(Key, Seq)
	Type       EventType
	Key        string // player id, queue key or game id, depending on Type; also the record's key
	Seq        int64  // counts the aggregate's events from 1 without gaps
	OccurredAt Time   // broker time of the command that led to it
	Region     string
	CommandID  string // the command that led to it
	Payload    any    // pointer to the payload of Type, such as *GameCreatedPayload
}

// PlayerFacts is the payload of PlayerRegistered and PlayerUpdated: all public
// facts of the account.
type PlayerFacts struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"`
}

// PlayerRatedPayload is a player's rating after a game.
type PlayerRatedPayload struct {
	GameID     string  `json:"gameId"`
	Speed      Speed   `json:"speed"`
	Rating     float64 `json:"rating"`
	Deviation  float64 `json:"deviation"`
	Volatility float64 `json:"volatility"`
	Change     float64 `json:"change"` // Rating minus the rating before
	Games      int     `json:"games"`  // rated games at this speed, this one included
	// Basis is what the rating was computed from. Nil in events of before it was told,
	// which follow version 1 of the parameters.
	Basis *RatingBasis `json:"basis,omitempty"`
}

// RatingBasis is all that a rating is computed from, so that a reader of the log can
// compute it again (package rating).
type RatingBasis struct {
	Parameters int `json:"parameters"` // version of the rules of rating
	// The player's values before the game: those after their rated game before it at
	// this speed, or those of a new player.
	Rating      float64 `json:"rating"`
	Deviation   float64 `json:"deviation"`
	Volatility  float64 `json:"volatility"`
	SinceLastMs int64   `json:"sinceLastMs"` // time since that game; 0 if there is none
	// The opponent's values from before the game.
	OpponentID        string  `json:"opponentId"`
	OpponentRating    float64 `json:"opponentRating"`
	OpponentDeviation float64 `json:"opponentDeviation"`
	Score             float64 `json:"score"` // the player's: 1, 0.5 or 0
}

// SessionsEndedPayload says which of the player's tokens are not valid any more: the one
// with TokenID, or all that were issued before NotBefore. Both times are of the database
// that the account service reads the time from. After PlayerClosed no token is valid.
type SessionsEndedPayload struct {
	NotBefore Time   `json:"notBefore,omitempty"`
	TokenID   string `json:"tokenId,omitempty"`
	IssuedAt  Time   `json:"issuedAt,omitempty"` // of the token with TokenID
}

// PlayerClosedPayload has no fields.
type PlayerClosedPayload struct{}

// PlayerQueuedPayload says that a ticket entered the queue.
type PlayerQueuedPayload struct {
	TicketID string  `json:"ticketId"`
	PlayerID string  `json:"playerId"`
	Rating   float64 `json:"rating"`
	Waiting  int     `json:"waiting"` // tickets in the queue, this one included
}

// PlayerLeftQueuePayload says that a ticket was withdrawn.
type PlayerLeftQueuePayload struct {
	TicketID string `json:"ticketId"`
	PlayerID string `json:"playerId"`
}

// MatchFoundPayload says that two tickets were paired and a game was requested.
type MatchFoundPayload struct {
	GameID   string `json:"gameId"`
	White    Seated `json:"white"`
	Black    Seated `json:"black"`
	Deadline Time   `json:"deadline"` // the match fails if the game has not started by then
	// Named is set if the two players agreed on the game, instead of being paired.
	Named *NamedGame `json:"named,omitempty"`
}

// MatchConfirmedPayload says that the match's game started in time.
type MatchConfirmedPayload struct {
	GameID string `json:"gameId"`
	White  Seated `json:"white"`
	Black  Seated `json:"black"`
}

// MatchFailedPayload says that the match's game did not start in time. Both tickets
// return to the queue and keep their waiting credit; those of a named game are dropped.
type MatchFailedPayload struct {
	GameID string `json:"gameId"`
	White  Seated `json:"white"`
	Black  Seated `json:"black"`
}

// GameCreatedPayload describes a new game.
type GameCreatedPayload struct {
	White       Seated      `json:"white"`
	Black       Seated      `json:"black"`
	TimeControl TimeControl `json:"timeControl"`
	Speed       Speed       `json:"speed"`
	Rated       bool        `json:"rated"`
	Queue       string      `json:"queue,omitempty"`
	FEN         string      `json:"fen"`
	Private     bool        `json:"private,omitempty"`   // only its players may see it
	RematchOf   string      `json:"rematchOf,omitempty"` // id of the game before, if this one is a rematch
}

// GameStartedPayload says that White may move.
type GameStartedPayload struct {
	FirstMoveBy Time `json:"firstMoveBy"` // the game is aborted if there is no move by then
}

// MoveMadePayload is one ply.
type MoveMadePayload struct {
	Ply   int    `json:"ply"` // from 1
	Color Color  `json:"color"`
	UCI   string `json:"uci"`
	SAN   string `json:"san"`
	FEN   string `json:"fen"` // after the move; the en-passant square only if a legal capture exists
	Clock Clock  `json:"clock"`
	// DeadlineAt is when the side to move has used up its time or, for its first
	// move, the first-move limit. Its flag falls then, or up to 2 s later if its
	// lag bank covers that. 0 after the last move.
	DeadlineAt Time `json:"deadlineAt,omitempty"`
}

// Clock records how the time of one move was counted, in centiseconds. The move was
// received at the event's occurredAt. From each side's second move on, ElapsedCs is
// the sum of ChargedCs, CompensatedCs and RestoredCs.
type Clock struct {
	WhiteCs       int64 `json:"whiteCs"`                 // left after the move, increment included
	BlackCs       int64 `json:"blackCs"`                 // likewise
	ElapsedCs     int64 `json:"elapsedCs"`               // broker time since the previous move
	ChargedCs     int64 `json:"chargedCs"`               // part of it taken from the mover's clock; 0 on each side's first move
	CompensatedCs int64 `json:"compensatedCs,omitempty"` // part of it given back for lag
	RestoredCs    int64 `json:"restoredCs,omitempty"`    // part of it in which nobody could move: what TimeRestored gave back since the previous move
}

// DrawOfferedPayload says that Color offered a draw. The offer stands until the
// opponent answers or moves.
type DrawOfferedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// DrawDeclinedPayload says that Color declined the offer.
type DrawDeclinedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// GameOver is the payload of every terminal event. It holds the whole game, so that
// a sink needs neither state nor a join.
type GameOver struct {
	White       Seated      `json:"white"`
	Black       Seated      `json:"black"`
	TimeControl TimeControl `json:"timeControl"`
	Speed       Speed       `json:"speed"`
	Rated       bool        `json:"rated"`
	Queue       string      `json:"queue,omitempty"`
	Private     bool        `json:"private,omitempty"` // only its players may see it
	StartFEN    string      `json:"startFen"`
	CreatedAt   Time        `json:"createdAt"`
	EndedAt     Time        `json:"endedAt"` // the envelope's occurredAt
	Result      Result      `json:"result"`
	Termination Termination `json:"termination"`
	Plies       int         `json:"plies"`
	Moves       []string    `json:"moves"`    // UCI, without plies that were taken back; never null
	ClocksCs    []int64     `json:"clocksCs"` // the mover's clock after each ply; never null
	FEN         string      `json:"fen"`      // the final position
	// AbortedBy is who aborted the game, empty if no player did.
	AbortedBy Color `json:"abortedBy,omitempty"`
	// RestoredCs is what TimeRestored gave back to each side in the whole game; nil if
	// there was no outage.
	RestoredCs *Clocks `json:"restoredCs,omitempty"`
}

// minRatedPlies is how many plies a game needs to count for the ratings.
const minRatedPlies = 2

// CountsForRatings reports whether the game changed the players' ratings. Rated says
// what was meant when the game was created: an aborted game changes nothing.
func (g *GameOver) CountsForRatings() bool {
	return g.Rated && g.Plies >= minRatedPlies && g.Result != NoResult
}
