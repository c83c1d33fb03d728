package game

import (
	"strings"

	"tabiya/internal/core/clock"
	"tabiya/internal/core/game/row"
	"tabiya/schemas"
)

// MaxPlies ends a game as a draw.
const MaxPlies = 600

// State is a game as its row holds it. It is immutable: read the fields, never
// change them.
type State struct {
	ID     string
	Region string

	White, Black schemas.Seated
	TimeControl  schemas.TimeControl
	Rated        bool
	Private      bool   // only its players may see it
	Queue        string // key of the queue that made the match, "" if a service created the game

	RematchOf string // ID of the previous game, "" if this is no rematch
	StartFEN  string

	// Void is set if the game was aborted before it was created. It has no players
	// and no events; its row exists to refuse a late CreateGame.
	Void bool

	Seq       int64 // of the last event
	CreatedAt schemas.Time
	UpdatedAt schemas.Time // of the last event
	Plies     int          // played
	FEN       string
	Clock     clock.Clock

	// Whose offer is pending, "" if none is.
	DrawOffer, TakebackOffer, RematchOffer schemas.Color

	// Result is NoResult and Termination "" until the game is over.
	Result      schemas.Result
	Termination schemas.Termination

	head    schemas.Head
	sides   [2]row.Side
	endedAt schemas.Time // 0 while the game is running

	waitingSince schemas.Time // see Waiting; 0 if the game does not wait

	blackBegins   bool
	rematched     bool        // see Rematch
	rematchFailed bool        // see RematchFailed of package schemas
	keys          row.Keys    // of the positions since the last capture or pawn move
	history       row.History // every event can be rebuilt from it
}

// Head returns the frame of the row.
func (s *State) Head() schemas.Head { return s.head }

// Stamped returns s with the frame of the row that the command at that offset
// writes.
func (s *State) Stamped(version, offset int64) *State {
	next := *s
	next.head = schemas.Head{Version: version, Offset: offset}
	return &next
}

// Void returns the state of a game that was aborted before it was created.
func Void(id, region string, at schemas.Time) *State {
	return &State{ID: id, Region: region, Void: true, CreatedAt: at, UpdatedAt: at, endedAt: at, Result: schemas.NoResult, Termination: schemas.MatchExpired}
}

// Over reports whether the game has ended.
func (s *State) Over() bool { return s.Termination != "" }

// EndedAt returns when the game ended; 0 while it is running.
func (s *State) EndedAt() schemas.Time { return s.endedAt }

// Speed returns the rating category.
func (s *State) Speed() schemas.Speed { return s.TimeControl.Speed() }

// Turn returns the side to move.
func (s *State) Turn() schemas.Color { return s.mover(s.Plies) }

// Deadline returns when the side to move has used up its time or, for its first
// move, the first-move limit. 0 once the game is over, and while it is Waiting.
func (s *State) Deadline() schemas.Time {
	if s.Over() || s.Waiting() {
		return 0
	}
	return s.Clock.Deadline(s.TimeControl, s.turn())
}

// FlagAt returns the first millisecond at which CheckFlag ends the game: the
// deadline plus the grace that the lag bank allows, or the end of the wait for both
// players. 0 once the game is over.
func (s *State) FlagAt() schemas.Time {
	switch {
	case s.Over():
		return 0
	case s.Waiting():
		return s.waitingSince.Add(returnWithin)
	}
	return s.Clock.FlagAt(s.TimeControl, s.turn())
}

// ColorOf returns the side of a player; ok is false if they do not play this game.
func (s *State) ColorOf(playerID string) (c schemas.Color, ok bool) {
	switch {
	case playerID == "":
		return "", false
	case playerID == s.White.PlayerID:
		return schemas.White, true
	case playerID == s.Black.PlayerID:
		return schemas.Black, true
	}
	return "", false
}

// mover is the side to move after that many plies.
func (s *State) mover(plies int) schemas.Color {
	if (plies%2 == 1) == s.blackBegins {
		return schemas.White
	}
	return schemas.Black
}

// setStart sets the starting position, which must be one that parseStart accepts.
func (s *State) setStart(fen string) {
	s.StartFEN, s.blackBegins = fen, strings.Contains(fen, " b ")
}

func (s *State) turn() clock.Turn { return s.turnAfter(s.Plies) }

func (s *State) turnAfter(plies int) clock.Turn {
	return clock.Turn{Color: s.mover(plies), First: plies < 2}
}

func sideIndex(c schemas.Color) int {
	if c == schemas.White {
		return 0
	}
	return 1
}

func (s *State) side(c schemas.Color) *row.Side { return &s.sides[sideIndex(c)] }

// repetitions counts how often the position has occurred.
func (s *State) repetitions(key uint64) int { return s.keys.Count(key) }
