package protocol

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

// Status of a game.
const (
	statusCreated = "created"
	statusPlaying = "playing"
	statusOver    = "over"
)

// Game is the JSON view of a game.
type Game struct {
	ID          string              `json:"id"`
	Seq         int64               `json:"seq"` // the seq of the last event
	Status      string              `json:"status"`
	Region      string              `json:"region"`
	White       Seat                `json:"white"`
	Black       Seat                `json:"black"`
	TimeControl schemas.TimeControl `json:"timeControl"`
	Speed       schemas.Speed       `json:"speed"`
	Rated       bool                `json:"rated"`
	Private     bool                `json:"private,omitempty"`
	Queue       string              `json:"queue,omitempty"`
	RematchOf   string              `json:"rematchOf,omitempty"`
	StartFEN    string              `json:"startFen"`
	CreatedAt   schemas.Time        `json:"createdAt"`
	UpdatedAt   schemas.Time        `json:"updatedAt"`
	Ply         int                 `json:"ply"` // the number of plies played
	Moves       []string            `json:"moves"`
	FEN         string              `json:"fen"`
	Turn        schemas.Color       `json:"turn,omitempty"`
	Clock       Clock               `json:"clock"`
	DeadlineAt  schemas.Time        `json:"deadlineAt,omitempty"`
	// WaitsForPlayers says that the clocks stand still after a long outage, until both
	// players are here.
	WaitsForPlayers bool          `json:"waitsForPlayers,omitempty"`
	DrawOffer       schemas.Color `json:"drawOffer,omitempty"`
	// TakebackOffer and RematchOffer are, like DrawOffer, the color whose offer stands.
	TakebackOffer schemas.Color       `json:"takebackOffer,omitempty"`
	RematchOffer  schemas.Color       `json:"rematchOffer,omitempty"`
	Rematch       string              `json:"rematch,omitempty"` // the id of the rematch
	Result        schemas.Result      `json:"result"`
	Termination   schemas.Termination `json:"termination,omitempty"`
	EndedAt       schemas.Time        `json:"endedAt,omitempty"`
	// Watchers counts the spectators on this instance. It is omitted in the answer to
	// POST /v1/games, which depends only on the log.
	Watchers *int `json:"watchers,omitempty"`
}

// Seat is one of the players.
type Seat struct {
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
	// GoneSince is the broker time since which the player counts as gone. ClaimableAt is
	// when the opponent may claim the game if the player does not come back.
	GoneSince   schemas.Time `json:"goneSince,omitempty"`
	ClaimableAt schemas.Time `json:"claimableAt,omitempty"`
}

// Clock is both sides' remaining time at AsOf, in centiseconds. In a running game the
// side to move has used some of its time since then.
type Clock struct {
	WhiteCs int64        `json:"whiteCs"`
	BlackCs int64        `json:"blackCs"`
	AsOf    schemas.Time `json:"asOf"`
}

// GameOf returns the JSON view of a state. disconnects is since when the disconnect of
// each side counts for this instance.
func GameOf(s *game.State, disconnects held.Disconnects) Game {
	moves, _ := s.Moves()
	v := Game{
		ID: s.ID, Seq: s.Seq, Status: statusPlaying, Region: s.Region, White: seatOf(s, s.White, schemas.White, disconnects.White), Black: seatOf(s, s.Black, schemas.Black, disconnects.Black),
		TimeControl: s.TimeControl, Speed: s.Speed(), Rated: s.Rated, Private: s.Private, Queue: queueOf(s),
		RematchOf: s.RematchOf, StartFEN: s.StartFEN, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		Ply: s.Plies, Moves: moves, FEN: s.FEN, Clock: clockOf(s),
		DeadlineAt: s.Deadline(), WaitsForPlayers: s.Waiting(), DrawOffer: s.DrawOffer, TakebackOffer: s.TakebackOffer,
		RematchOffer: s.RematchOffer, Rematch: s.Rematch(), Result: s.Result, Termination: s.Termination, EndedAt: s.EndedAt(),
	}
	switch {
	case s.Over():
		v.Status = statusOver
	case s.Seq == 1:
		v.Status = statusCreated
	}
	if !s.Over() {
		v.Turn = s.Turn()
	}
	return v
}

// clockOf returns the clock after the last move or, if a flag has fallen since, when it
// fell: a side has used up its time only then.
func clockOf(s *game.State) Clock {
	c := Clock{s.Clock.White, s.Clock.Black, s.Clock.Since}
	if s.Over() && s.Clock.Left(s.Turn()) == 0 {
		c.AsOf = s.EndedAt()
	}
	return c
}

func seatOf(s *game.State, who schemas.Seated, color schemas.Color, disconnected schemas.Time) Seat {
	v := Seat{PlayerID: who.PlayerID, Handle: who.Handle, Rating: who.Rating, Deviation: who.Deviation}
	if !s.Over() {
		v.GoneSince, v.ClaimableAt = s.GoneSince(color), s.ClaimableAt(color.Other(), disconnected)
	}
	return v
}

// queueOf returns the queue that made the match, "" if its players agreed on it or a
// service made the game.
func queueOf(s *game.State) string {
	if schemas.IsNamedQueue(s.Queue) {
		return ""
	}
	return s.Queue
}
