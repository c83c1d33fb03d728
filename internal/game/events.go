package game

import (
	"tabiya/internal/clock"
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
		var payload any
		wanted := e.seq >= from
		audit := l.take(e)
		plies := len(l.plies)
		switch {
		case e.kind == kindCreated:
			payload = s.created()
		case e.kind == kindStarted:
			payload = s.started(e.at)
		case e.moves():
			next, san := board.Replay(e.move)
			if wanted {
				payload = s.moved(plies, e.move.UCI(), san, next.FEN(), audit, l.clock, e.kind == kindLastMove)
			}
			board = next
		case e.kind == kindDrawOffered:
			payload = &schemas.DrawOfferedPayload{Ply: plies, Color: e.color()}
		case e.kind == kindDrawDeclined:
			payload = &schemas.DrawDeclinedPayload{Ply: plies, Color: e.color()}
		case wanted:
			payload = s.over(e.result, e.termination, e.at)
		}
		if wanted && !yield(s.event(eventTypes[e.kind], e.seq, e.at, s.commandID(e.seq), payload)) {
			return
		}
	}
}

func (e entry) color() schemas.Color {
	if e.flags&flagBlack != 0 {
		return schemas.Black
	}
	return schemas.White
}
