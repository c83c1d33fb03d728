package livegame

import (
	"tabiya/internal/game"
	"tabiya/schemas"
)

// Status of a game.
const (
	statusCreated = "created"
	statusPlaying = "playing"
	statusOver    = "over"
)

// gameView is a game as it stands.
type gameView struct {
	ID          string              `json:"id"`
	Seq         int64               `json:"seq"` // of the last event in it
	Status      string              `json:"status"`
	Region      string              `json:"region"`
	White       seatView            `json:"white"`
	Black       seatView            `json:"black"`
	TimeControl schemas.TimeControl `json:"timeControl"`
	Speed       schemas.Speed       `json:"speed"`
	Rated       bool                `json:"rated"`
	Private     bool                `json:"private,omitempty"`
	Queue       string              `json:"queue,omitempty"`
	RematchOf   string              `json:"rematchOf,omitempty"`
	StartFEN    string              `json:"startFen"`
	CreatedAt   schemas.Time        `json:"createdAt"`
	UpdatedAt   schemas.Time        `json:"updatedAt"`
	Ply         int                 `json:"ply"` // played
	Moves       []string            `json:"moves"`
	FEN         string              `json:"fen"`
	Turn        schemas.Color       `json:"turn,omitempty"`
	Clock       clockView           `json:"clock"`
	DeadlineAt  schemas.Time        `json:"deadlineAt,omitempty"`
	DrawOffer   schemas.Color       `json:"drawOffer,omitempty"`
	Result      schemas.Result      `json:"result"`
	Termination schemas.Termination `json:"termination,omitempty"`
	EndedAt     schemas.Time        `json:"endedAt,omitempty"`
	// Watchers are the sockets and streams to this instance that are none of the
	// players'. Left out where the answer follows from the log alone.
	Watchers *int `json:"watchers,omitempty"`
}

type seatView struct {
	PlayerID  string  `json:"playerId"`
	Handle    string  `json:"handle"`
	Rating    float64 `json:"rating"`
	Deviation float64 `json:"deviation"`
}

// clockView is both sides' time as of a moment; the side to move has used some
// since.
type clockView struct {
	WhiteCs int64        `json:"whiteCs"`
	BlackCs int64        `json:"blackCs"`
	AsOf    schemas.Time `json:"asOf"`
}

func viewOf(s *game.State) gameView {
	moves, _ := s.Moves()
	v := gameView{
		ID: s.ID, Seq: s.Seq, Status: statusPlaying, Region: s.Region, White: seatOf(s.White), Black: seatOf(s.Black),
		TimeControl: s.TimeControl, Speed: s.Speed(), Rated: s.Rated, Private: s.Private, Queue: s.Queue,
		RematchOf: s.RematchOf, StartFEN: s.StartFEN, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		Ply: s.Plies, Moves: moves, FEN: s.FEN, Clock: clockView{s.Clock.White, s.Clock.Black, s.Clock.Since},
		DeadlineAt: s.Deadline(), DrawOffer: s.DrawOffer, Result: s.Result, Termination: s.Termination, EndedAt: s.EndedAt(),
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

func watchedView(s *game.State, watchers int) gameView {
	v := viewOf(s)
	v.Watchers = &watchers
	return v
}

func seatOf(s schemas.Seated) seatView {
	return seatView{s.PlayerID, s.Handle, s.Rating, s.Deviation}
}
