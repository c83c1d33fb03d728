package history

import (
	"tabiya/schemas"
)

const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
	mediaPGN    = "application/x-chess-pgn"
)

type playerView struct {
	PlayerID string  `json:"playerId"`
	Handle   string  `json:"handle"`
	Rating   float64 `json:"rating"` // before the game
	// RatingChange is nil for a game that is not rated, and for as long as its rating is
	// not in the database yet.
	RatingChange *float64 `json:"ratingChange,omitempty"`
}

// gameView is a finished game in an answer.
type gameView struct {
	ID          string              `json:"id"`
	Region      string              `json:"region"`
	White       playerView          `json:"white"`
	Black       playerView          `json:"black"`
	TimeControl schemas.TimeControl `json:"timeControl"`
	Speed       schemas.Speed       `json:"speed"`
	Rated       bool                `json:"rated"`
	Private     bool                `json:"private,omitempty"`
	Queue       string              `json:"queue,omitempty"` // pool
	CreatedAt   schemas.Time        `json:"createdAt"`
	EndedAt     schemas.Time        `json:"endedAt"`
	Result      schemas.Result      `json:"result"`
	Termination schemas.Termination `json:"termination"`
	Plies       int                 `json:"plies"`
	StartFEN    string              `json:"startFen"`
	FEN         string              `json:"fen"`
	Moves       []string            `json:"moves"`
	ClocksCs    []int64             `json:"clocksCs"`
	Rematch     *string             `json:"rematch,omitempty"` // game id
	// RematchFailure is why the rematch was not played; there is no Rematch then.
	RematchFailure *string `json:"rematchFailure,omitempty"`
	// RestoredCs is nil if no outage took time from the players.
	RestoredCs *schemas.Clocks `json:"restoredCs,omitempty"`
}

type pageView struct {
	Games []gameView `json:"games"`
	Next  string     `json:"next,omitempty"`
}

func viewOf(g finished) gameView {
	_, pool, _, _ := schemas.SplitQueueKey(g.Queue)
	rematch := g.Rematch
	if g.RematchFailure != nil {
		rematch = nil
	}
	return gameView{
		ID: g.ID, Region: g.Region, White: seatView(g.White, g.Changes.White), Black: seatView(g.Black, g.Changes.Black),
		TimeControl: g.TimeControl, Speed: g.Speed, Rated: g.Rated, Private: g.Private, Queue: pool,
		CreatedAt: g.CreatedAt, EndedAt: g.EndedAt, Result: g.Result, Termination: g.Termination,
		Plies: g.Plies, StartFEN: g.StartFEN, FEN: g.FEN, Moves: g.Moves, ClocksCs: g.ClocksCs, Rematch: rematch, RematchFailure: g.RematchFailure, RestoredCs: g.RestoredCs,
	}
}

func seatView(s schemas.Seated, change *float64) playerView {
	return playerView{s.PlayerID, s.Handle, s.Rating, change}
}

func viewsOf(games []finished) []gameView {
	views := make([]gameView, len(games))
	for i, g := range games {
		views[i] = viewOf(g)
	}
	return views
}

func (g finished) pageEnd() pageEnd { return pageEnd{g.EndedAt.Std(), g.ID} }
