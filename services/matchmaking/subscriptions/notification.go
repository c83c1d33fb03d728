package subscriptions

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Types of notifications.
const (
	TypeState       = "state"
	TypeQueued      = "queued"
	TypeLeft        = "left"
	TypeMatched     = "matched"
	TypeGameStarted = "game_started"
	TypeMatchFailed = "match_failed"
	TypeGameOver    = "game_over"
	TypeRated       = "rated"

	TypeRematchFailed = "rematch_failed"
)

// Notification is one element of the stream GET /v1/me/events. Which fields it
// has depends on Type.
type Notification struct {
	Type        string               `json:"type"`
	Seat        *seatView            `json:"seat,omitempty"` // state
	Queue       string               `json:"queue,omitempty"`
	Region      string               `json:"region,omitempty"`
	TicketID    string               `json:"ticketId,omitempty"`
	GameID      string               `json:"gameId,omitempty"`
	Color       schemas.Color        `json:"color,omitempty"`
	Opponent    *opponentView        `json:"opponent,omitempty"`
	TimeControl *schemas.TimeControl `json:"timeControl,omitempty"`
	Rated       *bool                `json:"rated,omitempty"`
	Deadline    *schemas.Time        `json:"deadline,omitempty"`
	Result      schemas.Result       `json:"result,omitempty"`
	Termination schemas.Termination  `json:"termination,omitempty"`
	Speed       schemas.Speed        `json:"speed,omitempty"`
	Rating      float64              `json:"rating,omitempty"`
	Deviation   float64              `json:"deviation,omitempty"`
	Change      *float64             `json:"change,omitempty"` // can be 0
	Reason      schemas.SeatRefusal  `json:"reason,omitempty"` // rematch_failed
}

// id identifies a notification, so that each is sent once: the log may hold an
// event twice, and a row of the view repeats what an event said.
func (n Notification) id() string {
	if n.GameID != "" {
		return n.Type + "/" + n.GameID
	}
	return n.Type + "/" + n.TicketID
}

// seatView is the seat in a state notification.
type seatView struct {
	Status   string `json:"status"`
	Queue    string `json:"queue,omitempty"`
	Region   string `json:"region,omitempty"`
	TicketID string `json:"ticketId,omitempty"`
	GameID   string `json:"gameId,omitempty"`
	*Board
}

// Board is what an app needs to show the board of the player's game.
type Board struct {
	Color       schemas.Color       `json:"color"`
	Opponent    opponentView        `json:"opponent"`
	TimeControl schemas.TimeControl `json:"timeControl"`
	Rated       bool                `json:"rated"`
}

// boardOf returns nil for a game that the row says nothing of.
func boardOf(g *schemas.SeatedGame) *Board {
	if g == nil {
		return nil
	}
	return &Board{g.Color, opponentView{g.OpponentID, g.OpponentHandle, g.OpponentRating}, g.TimeControl, g.Rated}
}

type opponentView struct {
	PlayerID string  `json:"playerId"`
	Handle   string  `json:"handle"`
	Rating   float64 `json:"rating"`
}

// stateNotification carries a whole seat.
func stateNotification(s seat) Notification {
	v := &seatView{Status: s.status.String()}
	switch s.status {
	case player.Queued:
		v.Region, v.Queue, _, _ = schemas.SplitQueueKey(s.queue)
		v.TicketID = s.ticketID
	case player.Playing:
		v.TicketID, v.GameID, v.Board = s.ticketID, s.gameID, boardOf(s.game)
	}
	return Notification{Type: TypeState, Seat: v}
}

func queuedNotification(queueKey, ticketID string) Notification {
	region, pool, _, _ := schemas.SplitQueueKey(queueKey)
	return Notification{Type: TypeQueued, Queue: pool, Region: region, TicketID: ticketID}
}

func leftNotification(queueKey, ticketID string) Notification {
	region, pool, _, _ := schemas.SplitQueueKey(queueKey)
	return Notification{Type: TypeLeft, Queue: pool, Region: region, TicketID: ticketID}
}

func startedNotification(s seat) Notification {
	n := Notification{Type: TypeGameStarted, GameID: s.gameID, TicketID: s.ticketID}
	if g := boardOf(s.game); g != nil {
		n.Color, n.Opponent, n.TimeControl, n.Rated = g.Color, &g.Opponent, &g.TimeControl, &g.Rated
	}
	return n
}

// takenNotification says that a seat was taken; false if the seat is free.
func takenNotification(s seat) (Notification, bool) {
	switch s.status {
	case player.Queued:
		return queuedNotification(s.queue, s.ticketID), true
	case player.Playing:
		return startedNotification(s), true
	default:
		return Notification{}, false
	}
}

func opponent(s schemas.Seated) *opponentView {
	return &opponentView{s.PlayerID, s.Handle, s.Rating}
}

func ratedNotification(p *schemas.PlayerRatedPayload) Notification {
	change := p.Change
	return Notification{
		Type: TypeRated, GameID: p.GameID, Speed: p.Speed, Rating: p.Rating, Deviation: p.Deviation, Change: &change,
	}
}
