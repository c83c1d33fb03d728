package game

import (
	"tabiya/internal/core/clock"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Every event is made by one of the functions below, when it is decided and
// when it is made again, so that both times the bytes are the same.

// event puts a payload into the envelope.
func (s *State) event(t schemas.EventType, seq int64, at schemas.Time, commandID string, payload any) schemas.Event {
	return schemas.Event{
		ID: schemas.EventID(s.ID, seq), Type: t, Key: s.ID, Seq: seq, OccurredAt: at,
		Region: s.Region, CommandID: commandID, Payload: payload,
	}
}

func (s *State) created() *schemas.GameCreatedPayload {
	return &schemas.GameCreatedPayload{
		White: s.White, Black: s.Black, TimeControl: s.TimeControl, Speed: s.Speed(),
		Rated: s.Rated, Queue: s.Queue, FEN: s.StartFEN, Private: s.Private, RematchOf: s.RematchOf,
	}
}

func (s *State) started(at schemas.Time) *schemas.GameStartedPayload {
	return &schemas.GameStartedPayload{FirstMoveBy: clock.New(s.TimeControl, at).Deadline(s.TimeControl, s.turnAfter(0))}
}

// moved is the payload of a move; after is the clock after it.
func (s *State) moved(number int, uci, san, fen string, audit schemas.Clock, after clock.Clock, last bool) *schemas.MoveMadePayload {
	p := &schemas.MoveMadePayload{Ply: number, Color: s.mover(number - 1), UCI: uci, SAN: san, FEN: fen, Clock: audit}
	if !last {
		p.DeadlineAt = after.Deadline(s.TimeControl, s.turnAfter(number))
	}
	return p
}

// over is the payload of the terminal event of a game whose last position is fen.
func (s *State) over(result schemas.Result, termination schemas.Termination, at schemas.Time) *schemas.GameOver {
	moves, clocks := s.Moves()
	return &schemas.GameOver{
		White: s.White, Black: s.Black, TimeControl: s.TimeControl, Speed: s.Speed(), Rated: s.Rated, Queue: s.Queue,
		Private: s.Private, StartFEN: s.StartFEN, CreatedAt: s.CreatedAt, EndedAt: at, Result: result, Termination: termination,
		Plies: s.Plies, Moves: moves, ClocksCs: clocks, FEN: s.FEN,
	}
}

// EventAt makes event seq again, byte for byte; ok is false if there is none.
func (s *State) EventAt(seq int64) (ev schemas.Event, ok bool) {
	s.walk(seq, func(e schemas.Event) bool {
		ev, ok = e, true
		return false
	})
	return ev, ok
}

// Events makes all events from seq on again, byte for byte.
func (s *State) Events(from int64) []schemas.Event {
	var events []schemas.Event
	s.walk(from, func(e schemas.Event) bool {
		events = append(events, e)
		return true
	})
	return events
}

// walk makes the events from seq on, until yield returns false.
func (s *State) walk(from int64, yield func(schemas.Event) bool) {
	from = max(from, 1)
	if from > s.Seq {
		return
	}
	l, board := s.emptyLine(), position(s.StartFEN)
	for e := range s.history() {
		audit := l.take(e)
		wanted := e.seq >= from
		san := ""
		switch {
		case e.moves():
			board, san = board.Replay(e.move)
		case e.kind == kindTakebackAccepted:
			board = l.board()
		}
		if !wanted {
			continue
		}
		ev := s.event(eventTypes[e.kind], e.seq, e.at, s.commandID(e.seq), s.payload(e, &l, audit, board, san))
		if !yield(ev) {
			return
		}
	}
}

// payload makes that of an entry again; the line and the board are those after
// it, audit and san are a move's.
func (s *State) payload(e entry, l *line, audit schemas.Clock, board rules.Position, san string) any {
	plies := len(l.plies)
	switch e.kind {
	case kindCreated:
		return s.created()
	case kindStarted:
		return s.started(e.at)
	case kindMove, kindLastMove:
		return s.moved(plies, e.move.UCI(), san, board.FEN(), audit, l.clock, e.kind == kindLastMove)
	case kindDrawOffered:
		return &schemas.DrawOfferedPayload{Ply: plies, Color: e.color()}
	case kindDrawDeclined:
		return &schemas.DrawDeclinedPayload{Ply: plies, Color: e.color()}
	case kindTakebackOffered:
		return &schemas.TakebackOfferedPayload{Ply: plies, Color: e.color()}
	case kindTakebackDeclined:
		return &schemas.TakebackDeclinedPayload{Ply: plies, Color: e.color()}
	case kindTakebackAccepted:
		return l.takebackAccepted(e.color(), board)
	case kindTimeAdded:
		return timeAdded(e.color(), e.centis, l.clocks(), l.deadline())
	case kindPlayerLeft:
		return &schemas.PlayerLeftPayload{Color: e.color(), Explicit: e.flags&flagExplicit != 0}
	case kindPlayerReturned:
		return &schemas.PlayerReturnedPayload{Color: e.color()}
	case kindRematchOffered:
		return &schemas.RematchOfferedPayload{Color: e.color()}
	case kindRematchDeclined:
		return &schemas.RematchDeclinedPayload{Color: e.color()}
	case kindRematchAccepted:
		return s.rematchAccepted(e.color(), e.seq)
	default:
		return s.over(e.result, e.termination, e.at)
	}
}
