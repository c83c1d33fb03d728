package matchmaking

import (
	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Types of a stream's items.
const (
	itemState       = "state"
	itemQueued      = "queued"
	itemLeft        = "left"
	itemMatched     = "matched"
	itemGameStarted = "game_started"
	itemMatchFailed = "match_failed"
	itemGameOver    = "game_over"
	itemRated       = "rated"
)

// item is one item of GET /v1/me/events; which fields it has depends on Type.
type item struct {
	Type        string              `json:"type"`
	Seat        *seatView           `json:"seat,omitempty"` // state
	Queue       string              `json:"queue,omitempty"`
	Region      string              `json:"region,omitempty"`
	TicketID    string              `json:"ticketId,omitempty"`
	GameID      string              `json:"gameId,omitempty"`
	Color       schemas.Color       `json:"color,omitempty"`
	Opponent    *opponentView       `json:"opponent,omitempty"`
	Deadline    *schemas.Time       `json:"deadline,omitempty"`
	Result      schemas.Result      `json:"result,omitempty"`
	Termination schemas.Termination `json:"termination,omitempty"`
	Speed       schemas.Speed       `json:"speed,omitempty"`
	Rating      float64             `json:"rating,omitempty"`
	Deviation   float64             `json:"deviation,omitempty"`
	Change      *float64            `json:"change,omitempty"` // can be 0
}

// about is what makes an item one of its kind: the log may hold an event twice,
// and the view tells what an event has told.
func (i item) about() string {
	if i.GameID != "" {
		return i.Type + "/" + i.GameID
	}
	return i.Type + "/" + i.TicketID
}

// seatView is the seat in a state item.
type seatView struct {
	Status   string `json:"status"`
	Queue    string `json:"queue,omitempty"`
	Region   string `json:"region,omitempty"`
	TicketID string `json:"ticketId,omitempty"`
	GameID   string `json:"gameId,omitempty"`
}

type opponentView struct {
	PlayerID string  `json:"playerId"`
	Handle   string  `json:"handle"`
	Rating   float64 `json:"rating"`
}

// seat is a player's seat as far as a stream tells it apart.
type seat struct {
	status           player.Status
	queue            string // queue key, if queued
	ticketID, gameID string
}

func seatOf(row *player.State) seat {
	switch row.Seat.Status {
	case player.Queued:
		return seat{player.Queued, row.Seat.Queue, row.Seat.TicketID, ""}
	case player.Playing:
		return seat{player.Playing, row.Seat.Queue, row.Seat.TicketID, row.Seat.GameID}
	default:
		return seat{}
	}
}

// same reports whether two seats are the same to a stream: a ticket's attempts
// are all one.
func (s seat) same(o seat) bool {
	switch {
	case s.status != o.status:
		return false
	case s.status == player.Queued:
		return s.ticketID == o.ticketID
	default:
		return s.gameID == o.gameID
	}
}

func stateItem(s seat) item {
	v := &seatView{Status: s.status.String()}
	switch s.status {
	case player.Queued:
		v.Region, v.Queue, _, _ = schemas.SplitQueueKey(s.queue)
		v.TicketID = s.ticketID
	case player.Playing:
		v.TicketID, v.GameID = s.ticketID, s.gameID
	}
	return item{Type: itemState, Seat: v}
}

func queuedItem(queueKey, ticketID string) item {
	region, pool, _, _ := schemas.SplitQueueKey(queueKey)
	return item{Type: itemQueued, Queue: pool, Region: region, TicketID: ticketID}
}

func leftItem(queueKey, ticketID string) item {
	region, pool, _, _ := schemas.SplitQueueKey(queueKey)
	return item{Type: itemLeft, Queue: pool, Region: region, TicketID: ticketID}
}

func opponent(s schemas.Seated) *opponentView {
	return &opponentView{s.PlayerID, s.Handle, s.Rating}
}

func ratedItem(p *schemas.PlayerRatedPayload) item {
	change := p.Change
	return item{
		Type: itemRated, GameID: p.GameID, Speed: p.Speed, Rating: p.Rating, Deviation: p.Deviation, Change: &change,
	}
}
