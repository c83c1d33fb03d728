package schemas

// This file holds the payloads about offers, claims, added time and presence.

// ClaimVanishedPayload claims a game whose opponent has disconnected.
type ClaimVanishedPayload struct {
	As ClaimAs `json:"as"`
	// GoneSince is the disconnect that the claim refers to, 0 if the claimant's service
	// has read of none.
	GoneSince Time `json:"goneSince,omitempty"`
}

// ClaimAs is the result that is claimed: a win or, as a courtesy, a draw.
type ClaimAs string

const (
	ClaimWin      ClaimAs = "win"
	ClaimDrawOnly ClaimAs = "draw"
)

// MarkGonePayload says that the last socket or stream of Color has closed.
type MarkGonePayload struct {
	Color Color `json:"color"`
	Left  bool  `json:"left,omitempty"` // the player left; otherwise the connection dropped
}

// MarkPresentPayload says that Color is connected again.
type MarkPresentPayload struct {
	Color Color `json:"color"`
}

// Clocks is the time of both sides, in centiseconds.
type Clocks struct {
	WhiteCs int64 `json:"whiteCs"`
	BlackCs int64 `json:"blackCs"`
}

// TakebackOfferedPayload says that Color asked to take back their last move, with
// the opponent's reply if there is one. The offer stands until the opponent answers
// or either side moves.
type TakebackOfferedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// TakebackDeclinedPayload says that Color declined the offer.
type TakebackDeclinedPayload struct {
	Ply   int   `json:"ply"`
	Color Color `json:"color"`
}

// TakebackAcceptedPayload says that Color accepted, and that the plies above Ply
// are taken back. The clocks are those of the position that is restored, plus the
// time added since. The side to move starts to use its time now.
type TakebackAcceptedPayload struct {
	Ply        int    `json:"ply"` // plies that remain
	Color      Color  `json:"color"`
	FEN        string `json:"fen"`
	Clock      Clocks `json:"clock"`
	DeadlineAt Time   `json:"deadlineAt"` // as in MoveMade
}

// TimeAddedPayload says that Color got time from the opponent.
type TimeAddedPayload struct {
	Color      Color  `json:"color"`
	AddedCs    int64  `json:"addedCs"`
	Clock      Clocks `json:"clock"`      // as of the last move, plus AddedCs
	DeadlineAt Time   `json:"deadlineAt"` // of the side to move, as in MoveMade
}

// TimeRestoredPayload says that the clock of Color, who is to move, ran while nobody
// could move, and that this time does not count.
type TimeRestoredPayload struct {
	Color      Color `json:"color"`
	RestoredCs int64 `json:"restoredCs"` // in addition to what was restored since the last move
	DeadlineAt Time  `json:"deadlineAt"` // as in MoveMade
	// Waiting says that the outage was so long that the game waits for both players:
	// both count as gone, and the clocks stand still until both have returned.
	Waiting bool `json:"waiting,omitempty"`
}

// PlayerLeftPayload says that Color has disconnected. Their next move counts as a
// return, like PlayerReturned.
type PlayerLeftPayload struct {
	Color    Color `json:"color"`
	Explicit bool  `json:"explicit"` // the player left; otherwise the connection dropped
}

// PlayerReturnedPayload says that Color is connected again.
type PlayerReturnedPayload struct {
	Color Color `json:"color"`
}

// RematchOfferedPayload says that Color offered another game with reversed colors.
type RematchOfferedPayload struct {
	Color Color `json:"color"`
}

// RematchDeclinedPayload says that Color declined the offer.
type RematchDeclinedPayload struct {
	Color Color `json:"color"`
}

// RematchAcceptedPayload says that Color accepted. The next game starts once both
// players have taken their seats; else RematchFailed follows.
type RematchAcceptedPayload struct {
	Color  Color  `json:"color"`
	GameID string `json:"gameId"` // the next game's
}
