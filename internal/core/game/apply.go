package game

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tabiya/internal/core/clock"
	"tabiya/internal/core/rules"
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
	if s == nil || s.Void {
		return nil, errors.New("there is no game")
	}
	next := *s
	var e entry
	var err error
	if s.Over() {
		e, err = next.afterwards(ev)
	} else {
		e, err = next.change(ev)
	}
	if err != nil {
		return nil, err
	}
	e.at = ev.OccurredAt
	if err := next.record(ev.CommandID, e); err != nil {
		return nil, err
	}
	return &next, nil
}

// change makes an event's changes to a game that runs, except to the history.
func (s *State) change(ev schemas.Event) (entry, error) {
	switch p := ev.Payload.(type) {
	case *schemas.GameStartedPayload:
		s.Clock = clock.New(s.TimeControl, ev.OccurredAt)
		return entry{kind: kindStarted}, nil
	case *schemas.MoveMadePayload:
		return s.applyMove(p, ev.OccurredAt)
	case *schemas.DrawOfferedPayload:
		s.DrawOffer = p.Color
		s.of(p.Color).drawOffered = p.Ply + 1
		return said(kindDrawOffered, p.Color), nil
	case *schemas.DrawDeclinedPayload:
		s.DrawOffer = ""
		return said(kindDrawDeclined, p.Color), nil
	case *schemas.TakebackOfferedPayload:
		s.TakebackOffer = p.Color
		own := s.of(p.Color)
		own.takebackAsked = true
		own.takebackOffers++
		return said(kindTakebackOffered, p.Color), nil
	case *schemas.TakebackDeclinedPayload:
		s.TakebackOffer = ""
		return said(kindTakebackDeclined, p.Color), nil
	case *schemas.TakebackAcceptedPayload:
		return s.applyTakeback(p, ev.OccurredAt)
	case *schemas.TimeAddedPayload:
		return s.applyTimeAdded(p), nil
	case *schemas.PlayerLeftPayload:
		return s.applyLeft(p, ev.OccurredAt), nil
	case *schemas.PlayerReturnedPayload:
		s.returned(p.Color)
		return said(kindPlayerReturned, p.Color), nil
	case *schemas.GameOver:
		return s.applyOver(ev.Type, p, ev.OccurredAt), nil
	}
	return entry{}, fmt.Errorf("payload %T in a game that runs", ev.Payload)
}

// afterwards is change for a game that is over.
func (s *State) afterwards(ev schemas.Event) (entry, error) {
	switch p := ev.Payload.(type) {
	case *schemas.RematchOfferedPayload:
		s.RematchOffer = p.Color
		s.of(p.Color).rematchOffered = true
		return said(kindRematchOffered, p.Color), nil
	case *schemas.RematchDeclinedPayload:
		s.RematchOffer = ""
		return said(kindRematchDeclined, p.Color), nil
	case *schemas.RematchAcceptedPayload:
		s.RematchOffer, s.rematched = "", true
		return said(kindRematchAccepted, p.Color), nil
	}
	return entry{}, fmt.Errorf("payload %T in a game that is over", ev.Payload)
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
		Private: p.Private, Queue: p.Queue, RematchOf: p.RematchOf, CreatedAt: ev.OccurredAt, UpdatedAt: ev.OccurredAt,
		FEN: p.FEN, Clock: clock.New(p.TimeControl, ev.OccurredAt), Result: schemas.NoResult,
	}
	s.setStart(p.FEN)
	s.keys = s.keys.append(keyBytes(rules.KeyOfFEN(p.FEN))...)
	if err := s.record(ev.CommandID, entry{kind: kindCreated, at: ev.OccurredAt}); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *State) applyMove(p *schemas.MoveMadePayload, at schemas.Time) (entry, error) {
	m, err := rules.Note(p.UCI, p.SAN, p.FEN)
	if err != nil {
		return entry{}, err
	}
	s.Clock = s.Clock.After(s.TimeControl, s.turn(), at, p.Clock)
	s.Plies++
	s.FEN = strings.Clone(p.FEN) // it may be a piece of the event's whole text
	if s.DrawOffer == p.Color.Other() {
		s.DrawOffer = "" // to move is to answer
	}
	s.endTakebackOffer()
	s.returned(p.Color)
	if irreversible(p.FEN) {
		s.keys = ledger{}
	}
	s.keys = s.keys.append(keyBytes(rules.KeyOfFEN(p.FEN))...)
	e := entry{kind: kindMove, move: m, centis: p.Clock.CompensatedCs}
	if p.DeadlineAt == 0 {
		e.kind = kindLastMove
	}
	return e, nil
}

func (s *State) applyOver(t schemas.EventType, p *schemas.GameOver, at schemas.Time) entry {
	s.Result, s.Termination, s.endedAt = own(results[:], p.Result), own(terminations[:], p.Termination), at
	s.DrawOffer, s.TakebackOffer = "", ""
	s.keys = ledger{}
	e := entry{result: p.Result, termination: p.Termination}
	switch t {
	case schemas.GameEnded:
		e.kind = kindEnded
	case schemas.GameResigned:
		e.kind = kindResigned
	case schemas.GameTimeout:
		e.kind = kindTimeout
		s.Clock = s.Clock.Flag(s.Turn())
	default:
		e.kind = kindAborted
	}
	return e
}

// own is the list's v: that of an event may be a piece of its whole text, which
// would stay in memory with it. What the list does not have is for record to say.
func own[T comparable](list []T, v T) T {
	if i := slices.Index(list, v); i >= 0 {
		return list[i]
	}
	return v
}

// irreversible reports whether the FEN's half-move clock is 0.
func irreversible(fen string) bool {
	last := strings.LastIndexByte(fen, ' ')
	return last >= 2 && fen[last-2:last] == " 0"
}

func keyBytes(k uint64) []byte {
	return []byte{byte(k >> 56), byte(k >> 48), byte(k >> 40), byte(k >> 32), byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
}
