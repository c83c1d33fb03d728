package schemas

// What players offer, claim and do to each other besides moves, and whether they
// are there.

// ClaimVanishedPayload is what a player claims of a game whose opponent has gone.
type ClaimVanishedPayload struct {
	As ClaimAs `json:"as"`
	// GoneSince is the departure that is meant, and KnownAt when it came into the
	// log, as far as the claimant's service has read: both zero if it has not.
	GoneSince Time `json:"goneSince,omitempty"`
	KnownAt   Time `json:"knownAt,omitempty"`
}

// ClaimAs is a win, or out of courtesy a draw.
type ClaimAs string

const (
	ClaimWin      ClaimAs = "win"
	ClaimDrawOnly ClaimAs = "draw"
)

// MarkGonePayload: none of the side's sockets and streams is open any more.
type MarkGonePayload struct {
	Color Color `json:"color"`
	Left  bool  `json:"left,omitempty"` // the player said so; else his connection dropped
}

// MarkPresentPayload: the side is back.
type MarkPresentPayload struct {
	Color Color `json:"color"`
}

// Clocks is both sides' time in centiseconds.
type Clocks struct {
	WhiteCs int64 `json:"whiteCs"`
	BlackCs int64 `json:"blackCs"`
}

// TakebackOfferedPayload: Color asks to take back his last move, and the reply to
// it if there is one. It stands until the opponent answers or anybody moves.
type TakebackOfferedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// TakebackDeclinedPayload: Color declined.
type TakebackDeclinedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// TakebackAcceptedPayload: the plies above Ply are no part of the game any more.
// The clocks are as they were when its position arose, and what was added since;
// the side to move thinks from now on.
type TakebackAcceptedPayload struct {
	Ply        int    `json:"ply"` // plies that stand
	Color      Color  `json:"color"`
	FEN        string `json:"fen"`
	Clock      Clocks `json:"clock"`
	DeadlineAt Time   `json:"deadlineAt"` // as in MoveMade
}

// TimeAddedPayload: Color's opponent gave him time.
type TimeAddedPayload struct {
	Color      Color  `json:"color"`
	AddedCs    int64  `json:"addedCs"`
	Clock      Clocks `json:"clock"`      // with it; the side to move has used some since the last move
	DeadlineAt Time   `json:"deadlineAt"` // of the side to move, as in MoveMade
}

// PlayerLeftPayload: Color is gone, until PlayerReturned or his next move.
type PlayerLeftPayload struct {
	Color    Color `json:"color"`
	Explicit bool  `json:"explicit"` // he said so; else his connection dropped
}

// PlayerReturnedPayload: Color is back.
type PlayerReturnedPayload struct {
	Color Color `json:"color"`
}

// RematchOfferedPayload: Color offers another game, with colours changed.
type RematchOfferedPayload struct {
	Color Color `json:"color"`
}

// RematchDeclinedPayload: Color declined.
type RematchDeclinedPayload struct {
	Color Color `json:"color"`
}

// RematchAcceptedPayload: Color accepted, and the other game is asked for.
type RematchAcceptedPayload struct {
	Color  Color  `json:"color"`
	GameID string `json:"gameId"`
}
