package schemas

// EventType names an event.
type EventType string

const (
	PlayerRegistered EventType = "PlayerRegistered"
	PlayerUpdated    EventType = "PlayerUpdated"
	PlayerRated      EventType = "PlayerRated"
	PlayerClosed     EventType = "PlayerClosed"

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
	PlayerLeft       EventType = "PlayerLeft"
	PlayerReturned   EventType = "PlayerReturned"

	// The terminal events; their payload is GameOver.
	GameEnded    EventType = "GameEnded"    // on the board, agreed or claimed
	GameResigned EventType = "GameResigned" //
	GameTimeout  EventType = "GameTimeout"  // a flag fell
	GameAborted  EventType = "GameAborted"  // no result

	// The only events behind a terminal one.
	RematchOffered  EventType = "RematchOffered"
	RematchDeclined EventType = "RematchDeclined"
	RematchAccepted EventType = "RematchAccepted"
)

// Terminal reports whether t ends a game. What follows it is about a rematch.
func (t EventType) Terminal() bool {
	switch t {
	case GameEnded, GameResigned, GameTimeout, GameAborted:
		return true
	}
	return false
}

// Closing reports whether t ends a game or follows its end. Such a record carries
// the game's row, see HeaderRow.
func (t EventType) Closing() bool {
	switch t {
	case RematchOffered, RematchDeclined, RematchAccepted:
		return true
	}
	return t.Terminal()
}

// Topic is the events topic that t belongs on; empty for an unknown type.
func (t EventType) Topic() string { return eventTopics[eventKinds[t].of] }

// Event is the envelope of every *-events topic.
type Event struct {
	ID         string // EventID(Key, Seq)
	Type       EventType
	Key        string // player id, queue key or game id, by the type's aggregate; also the record's key
	Seq        int64  // counts the aggregate's events from 1 without gaps
	OccurredAt Time   // broker time of the command that caused it
	Region     string
	CommandID  string // the command that caused it
	Payload    any    // *GameCreatedPayload and so on, by Type
}

// PlayerFacts is the payload of PlayerRegistered and PlayerUpdated: the public
// facts as they are from now on.
type PlayerFacts struct {
	Handle  string `json:"handle"`
	Country string `json:"country,omitempty"`
}

// PlayerRatedPayload is a rating after a game.
type PlayerRatedPayload struct {
	GameID     string  `json:"gameId"`
	Speed      Speed   `json:"speed"`
	Rating     float64 `json:"rating"`
	Deviation  float64 `json:"deviation"`
	Volatility float64 `json:"volatility"`
	Change     float64 `json:"change"` // Rating minus the rating before
	Games      int     `json:"games"`  // rated games at this speed, this one included
}

// PlayerClosedPayload has no fields: the envelope says it all.
type PlayerClosedPayload struct{}

// PlayerQueuedPayload: the ticket waits.
type PlayerQueuedPayload struct {
	TicketID string  `json:"ticketId"`
	PlayerID string  `json:"playerId"`
	Rating   float64 `json:"rating"`
	Waiting  int     `json:"waiting"` // tickets in the queue, this one included
}

// PlayerLeftQueuePayload: the ticket was withdrawn.
type PlayerLeftQueuePayload struct {
	TicketID string `json:"ticketId"`
	PlayerID string `json:"playerId"`
}

// MatchFoundPayload: two tickets became one game, which is asked for.
type MatchFoundPayload struct {
	GameID   string `json:"gameId"`
	White    Seated `json:"white"`
	Black    Seated `json:"black"`
	Deadline Time   `json:"deadline"` // without GameStarted by then the match fails
}

// MatchConfirmedPayload: the game started in time.
type MatchConfirmedPayload struct {
	GameID string `json:"gameId"`
	White  Seated `json:"white"`
	Black  Seated `json:"black"`
}

// MatchFailedPayload: both tickets wait again with the credit they had.
type MatchFailedPayload struct {
	GameID string `json:"gameId"`
	White  Seated `json:"white"`
	Black  Seated `json:"black"`
}

// GameCreatedPayload is the head of a game.
type GameCreatedPayload struct {
	White       Seated      `json:"white"`
	Black       Seated      `json:"black"`
	TimeControl TimeControl `json:"timeControl"`
	Speed       Speed       `json:"speed"`
	Rated       bool        `json:"rated"`
	Queue       string      `json:"queue,omitempty"`
	FEN         string      `json:"fen"`
	Private     bool        `json:"private,omitempty"`   // only its players may see it
	RematchOf   string      `json:"rematchOf,omitempty"` // the game that this one follows
}

// GameStartedPayload: White may move.
type GameStartedPayload struct {
	FirstMoveBy Time `json:"firstMoveBy"` // without a move by then the game is aborted
}

// MoveMadePayload is one ply.
type MoveMadePayload struct {
	Ply   int    `json:"ply"` // from 1
	Color Color  `json:"color"`
	UCI   string `json:"uci"`
	SAN   string `json:"san"`
	FEN   string `json:"fen"` // after the move; the en-passant square only if a legal capture exists
	Clock Clock  `json:"clock"`
	// DeadlineAt is when the side to move has used up its time (or, on the first
	// ply, its first-move limit). Its flag falls then, or up to 2 s later if its
	// lag bank holds so much. 0 after the last move.
	DeadlineAt Time `json:"deadlineAt,omitempty"`
}

// Clock is the audit of one move, in centiseconds. The move was received at the
// event's occurredAt. From each side's second move on, charged and compensated
// together are elapsed.
type Clock struct {
	WhiteCs       int64 `json:"whiteCs"`                 // left after the move, increment included
	BlackCs       int64 `json:"blackCs"`                 // likewise
	ElapsedCs     int64 `json:"elapsedCs"`               // broker time since the move before
	ChargedCs     int64 `json:"chargedCs"`               // what the mover paid of it; 0 on each side's first move
	CompensatedCs int64 `json:"compensatedCs,omitempty"` // what he was given back of it, for lag
}

// DrawOfferedPayload: Color offers a draw; it stands until the opponent answers
// or moves.
type DrawOfferedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// DrawDeclinedPayload: Color declined.
type DrawDeclinedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// GameOver is the payload of every terminal event: the whole game, so that a
// sink holds no state and joins nothing.
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
	Moves       []string    `json:"moves"`    // UCI, one a ply that stands; never null
	ClocksCs    []int64     `json:"clocksCs"` // the mover's clock after each ply; never null
	FEN         string      `json:"fen"`      // the final position
}
