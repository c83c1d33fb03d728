package game

import (
	"fmt"

	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// AppendBody appends the body of the game's row to b, in the format of package
// row.
func AppendBody(b []byte, s *State) []byte {
	r := s.row()
	return r.AppendTo(b)
}

// SizeOf returns an upper bound of what AppendBody writes, at most 160 bytes too
// high.
func SizeOf(s *State) int {
	r := s.row()
	return r.SizeHint()
}

// DecodeBody reads the body of the row with that key and frame. The state aliases
// body, which must not change afterwards.
func DecodeBody(key string, head schemas.Head, body []byte) (*State, error) {
	r, err := row.Decode(key, body)
	if err != nil {
		return nil, err
	}
	return fromRow(&r, head), nil
}

// Check returns an error if the history or the position of a decoded state is
// corrupt. DecodeBody leaves both unread.
func Check(s *State) error {
	if err := s.history.Check(); err != nil || s.Void {
		return err
	}
	if _, err := rules.ParseFEN(s.FEN); err != nil {
		return fmt.Errorf("position: %w", err)
	}
	return nil
}

func (s *State) row() row.Row {
	return row.Row{
		ID: s.ID, Region: s.Region, White: s.White, Black: s.Black, TimeControl: s.TimeControl, Rated: s.Rated,
		Private: s.Private, Queue: s.Queue, RematchOf: s.RematchOf, StartFEN: s.StartFEN, Void: s.Void,
		Seq: s.Seq, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, EndedAt: s.endedAt, WaitingSince: s.waitingSince, Plies: s.Plies, FEN: s.FEN,
		Clock: s.Clock, Result: s.Result, Termination: s.Termination,
		DrawOffer: s.DrawOffer, TakebackOffer: s.TakebackOffer, RematchOffer: s.RematchOffer,
		Rematched: s.rematched, RematchFailed: s.rematchFailed, Sides: s.sides, Keys: s.keys, History: s.history,
	}
}

func fromRow(r *row.Row, head schemas.Head) *State {
	s := &State{
		ID: r.ID, Region: r.Region, White: r.White, Black: r.Black, TimeControl: r.TimeControl, Rated: r.Rated,
		Private: r.Private, Queue: r.Queue, RematchOf: r.RematchOf, Void: r.Void,
		Seq: r.Seq, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, endedAt: r.EndedAt, waitingSince: r.WaitingSince, Plies: r.Plies, FEN: r.FEN,
		Clock: r.Clock, Result: r.Result, Termination: r.Termination,
		DrawOffer: r.DrawOffer, TakebackOffer: r.TakebackOffer, RematchOffer: r.RematchOffer,
		rematched: r.Rematched, rematchFailed: r.RematchFailed, sides: r.Sides, keys: r.Keys, history: r.History, head: head,
	}
	s.setStart(r.StartFEN)
	return s
}
