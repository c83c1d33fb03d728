package game

import (
	"tabiya/internal/core/clock"
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Events are built by the functions below both when they are decided and when they
// are rebuilt from the history, so the bytes are the same both times.

func (s *State) newEvent(t schemas.EventType, seq int64, at schemas.Time, commandID string, payload any) schemas.Event {
	return schemas.Event{
		ID: schemas.EventID(s.ID, seq), Type: t, Key: s.ID, Seq: seq, OccurredAt: at,
		Region: s.Region, CommandID: commandID, Payload: payload,
	}
}

func (s *State) createdPayload() *schemas.GameCreatedPayload {
	return &schemas.GameCreatedPayload{
		White: s.White, Black: s.Black, TimeControl: s.TimeControl, Speed: s.Speed(),
		Rated: s.Rated, Queue: s.Queue, FEN: s.StartFEN, Private: s.Private, RematchOf: s.RematchOf,
	}
}

func (s *State) startedPayload(at schemas.Time) *schemas.GameStartedPayload {
	return &schemas.GameStartedPayload{FirstMoveBy: clock.New(s.TimeControl, at).Deadline(s.TimeControl, s.turnAfter(0))}
}

// movePayload is the payload of a move; after is the clock after it.
func (s *State) movePayload(number int, uci, san, fen string, audit schemas.Clock, after clock.Clock, last bool) *schemas.MoveMadePayload {
	p := &schemas.MoveMadePayload{Ply: number, Color: s.mover(number - 1), UCI: uci, SAN: san, FEN: fen, Clock: audit}
	if !last {
		p.DeadlineAt = after.Deadline(s.TimeControl, s.turnAfter(number))
	}
	return p
}

func (s *State) gameOverPayload(result schemas.Result, termination schemas.Termination, at schemas.Time) *schemas.GameOver {
	l := s.line()
	moves, clocks := l.moves()
	return &schemas.GameOver{
		White: s.White, Black: s.Black, TimeControl: s.TimeControl, Speed: s.Speed(), Rated: s.Rated, Queue: s.Queue,
		Private: s.Private, StartFEN: s.StartFEN, CreatedAt: s.CreatedAt, EndedAt: at, Result: result, Termination: termination,
		Plies: s.Plies, Moves: moves, ClocksCs: clocks, FEN: s.FEN, RestoredCs: l.restoredClocks(),
	}
}

// EventAt rebuilds event seq, byte for byte; ok is false if there is none.
func (s *State) EventAt(seq int64) (ev schemas.Event, ok bool) {
	s.walk(seq, func(e schemas.Event) bool {
		ev, ok = e, true
		return false
	})
	return ev, ok
}

// Events rebuilds all events from seq on, byte for byte.
func (s *State) Events(from int64) []schemas.Event {
	var events []schemas.Event
	s.walk(from, func(e schemas.Event) bool {
		events = append(events, e)
		return true
	})
	return events
}

// walk rebuilds the events from seq on, until yield returns false.
func (s *State) walk(from int64, yield func(schemas.Event) bool) {
	from = max(from, 1)
	if from > s.Seq {
		return
	}
	l, board := s.emptyLine(), mustParseFEN(s.StartFEN)
	for e := range s.history.Entries() {
		audit := l.advance(e)
		san := ""
		switch {
		case e.Kind.IsMove():
			board, san = board.Replay(e.Move)
		case e.Kind == row.KindTakebackAccepted:
			board = l.board()
		}
		if e.Seq < from {
			continue
		}
		ev := s.newEvent(e.Kind.EventType(), e.Seq, e.At, s.history.CommandID(e.Seq), s.payload(e, &l, audit, board, san))
		if !yield(ev) {
			return
		}
	}
}

// payload rebuilds the payload of an entry. The line and the board are those after
// it; audit and san are set for moves.
func (s *State) payload(e row.Entry, l *line, audit schemas.Clock, board rules.Position, san string) any {
	plies := len(l.plies)
	switch e.Kind {
	case row.KindCreated:
		return s.createdPayload()
	case row.KindStarted:
		return s.startedPayload(e.At)
	case row.KindMove, row.KindLastMove:
		return s.movePayload(plies, e.Move.UCI(), san, board.FEN(), audit, l.clock, e.Kind == row.KindLastMove)
	case row.KindDrawOffered:
		return &schemas.DrawOfferedPayload{Ply: plies, Color: e.Color}
	case row.KindDrawDeclined:
		return &schemas.DrawDeclinedPayload{Ply: plies, Color: e.Color}
	case row.KindTakebackOffered:
		return &schemas.TakebackOfferedPayload{Ply: plies, Color: e.Color}
	case row.KindTakebackDeclined:
		return &schemas.TakebackDeclinedPayload{Ply: plies, Color: e.Color}
	case row.KindTakebackAccepted:
		return l.takebackPayload(e.Color, board)
	case row.KindTimeAdded:
		return timeAddedPayload(e.Color, e.Centis, l.clocks(), l.deadline())
	case row.KindTimeRestored:
		return timeRestoredPayload(e.Color, e.Centis, l.deadline(), e.Waiting)
	case row.KindPlayerLeft:
		return &schemas.PlayerLeftPayload{Color: e.Color, Explicit: e.Explicit}
	case row.KindPlayerReturned:
		return &schemas.PlayerReturnedPayload{Color: e.Color}
	case row.KindRematchOffered:
		return &schemas.RematchOfferedPayload{Color: e.Color}
	case row.KindRematchDeclined:
		return &schemas.RematchDeclinedPayload{Color: e.Color}
	case row.KindRematchAccepted:
		return s.rematchPayload(e.Color, e.Seq)
	case row.KindRematchFailed: // directly behind the acceptance
		return &schemas.RematchFailedPayload{GameID: s.rematchPayload("", e.Seq-1).GameID, Reason: e.Refusal, Color: e.Color}
	default:
		p := s.gameOverPayload(e.Result, e.Termination, e.At)
		p.AbortedBy = e.Color
		return p
	}
}
