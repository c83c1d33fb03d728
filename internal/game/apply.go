package game

import (
	"errors"
	"fmt"
	"strings"

	"tabiya/internal/clock"
	"tabiya/internal/rules"
	"tabiya/schemas"
)

// ErrGap is an event that does not follow the state: one before it is missing.
var ErrGap = errors.New("an event is missing")

// Apply is the state after an event. It believes the event. An event that the
// state holds already changes nothing and gives s itself; one that does not
// follow gives ErrGap. A nil s is a game that is not created yet.
func Apply(s *State, ev schemas.Event) (*State, error) {
	var seq int64
	if s != nil {
		seq = s.Seq
	}
	switch {
	case s != nil && ev.Key != s.ID:
		return nil, fmt.Errorf("event %d of game %s applied to game %s", ev.Seq, ev.Key, s.ID)
	case ev.Seq <= seq:
		return s, nil
	case ev.Seq > seq+1:
		return nil, fmt.Errorf("game %s: event %d after %d: %w", ev.Key, ev.Seq, seq, ErrGap)
	}
	next, err := apply(s, ev)
	if err != nil {
		return nil, fmt.Errorf("apply %s %d of game %s: %w", ev.Type, ev.Seq, ev.Key, err)
	}
	return next, nil
}

func apply(s *State, ev schemas.Event) (*State, error) {
	if p, ok := ev.Payload.(*schemas.GameCreatedPayload); ok {
		return applyCreated(ev, p)
	}
	if s == nil || s.Void || s.Over() {
		return nil, errors.New("the game does not run")
	}
	next := *s
	e := entry{at: ev.OccurredAt}
	var err error
	switch p := ev.Payload.(type) {
	case *schemas.GameStartedPayload:
		e.kind = kindStarted
		next.Clock = clock.New(s.TimeControl, ev.OccurredAt)
	case *schemas.MoveMadePayload:
		e.kind = kindMove
		if p.DeadlineAt == 0 {
			e.kind = kindLastMove
		}
		e.compensated = p.Clock.CompensatedCs
		e.move, err = next.move(p, ev.OccurredAt)
	case *schemas.DrawOfferedPayload:
		e.kind, e.flags = kindDrawOffered, colorFlag(p.Color)
		next.DrawOffer = p.Color
		next.offered[side(p.Color)] = p.Ply + 1
	case *schemas.DrawDeclinedPayload:
		e.kind, e.flags = kindDrawDeclined, colorFlag(p.Color)
		next.DrawOffer = ""
	case *schemas.GameOver:
		e.kind, e.result, e.termination = terminalKind(ev.Type), p.Result, p.Termination
		next.Result, next.Termination, next.DrawOffer = p.Result, p.Termination, ""
		next.keys = ledger{}
		if ev.Type == schemas.GameTimeout {
			next.Clock = next.Clock.Flag(next.Turn())
		}
	default:
		err = fmt.Errorf("payload %T", ev.Payload)
	}
	if err != nil {
		return nil, err
	}
	if err := next.record(ev.CommandID, e); err != nil {
		return nil, err
	}
	return &next, nil
}

func applyCreated(ev schemas.Event, p *schemas.GameCreatedPayload) (*State, error) {
	if ev.Seq != 1 {
		return nil, errors.New("a game is created once")
	}
	if p.FEN != rules.StartFEN {
		if _, err := rules.ParseFEN(p.FEN); err != nil {
			return nil, err
		}
	}
	s := &State{
		ID: ev.Key, Region: ev.Region, White: p.White, Black: p.Black, TimeControl: p.TimeControl, Rated: p.Rated,
		Private: p.Private, Queue: p.Queue, RematchOf: p.RematchOf, CreatedAt: ev.OccurredAt, UpdatedAt: ev.OccurredAt, FEN: p.FEN, Clock: clock.New(p.TimeControl, ev.OccurredAt), Result: schemas.NoResult,
	}
	s.setStart(p.FEN)
	s.keys = s.keys.append(keyBytes(p.FEN)...)
	if err := s.record(ev.CommandID, entry{kind: kindCreated, at: ev.OccurredAt}); err != nil {
		return nil, err
	}
	return s, nil
}

// move makes a move's changes, except to the history.
func (s *State) move(p *schemas.MoveMadePayload, at schemas.Time) (rules.Move, error) {
	m, err := rules.Note(p.UCI, p.SAN, p.FEN)
	if err != nil {
		return 0, err
	}
	s.Clock = s.Clock.After(s.TimeControl, s.turn(), at, p.Clock)
	s.Plies++
	s.FEN = p.FEN
	if s.DrawOffer == p.Color.Other() {
		s.DrawOffer = "" // to move is to answer
	}
	if irreversible(p.FEN) {
		s.keys = ledger{}
	}
	s.keys = s.keys.append(keyBytes(p.FEN)...)
	return m, nil
}

// irreversible reports whether the FEN's half-move clock is 0.
func irreversible(fen string) bool {
	last := strings.LastIndexByte(fen, ' ')
	return last >= 2 && fen[last-2:last] == " 0"
}

func keyBytes(fen string) []byte {
	k := rules.KeyOfFEN(fen)
	return []byte{byte(k >> 56), byte(k >> 48), byte(k >> 40), byte(k >> 32), byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
}

func colorFlag(c schemas.Color) byte {
	if c == schemas.Black {
		return flagBlack
	}
	return 0
}

func terminalKind(t schemas.EventType) byte {
	switch t {
	case schemas.GameEnded:
		return kindEnded
	case schemas.GameResigned:
		return kindResigned
	case schemas.GameTimeout:
		return kindTimeout
	default:
		return kindAborted
	}
}
