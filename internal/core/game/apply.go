package game

import (
	"errors"
	"fmt"
	"strings"

	"tabiya/internal/core/clock"
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// ErrGap is returned for an event whose seq is not the next one.
var ErrGap = errors.New("an event is missing")

// Apply returns the state after an event, which it does not check against the
// rules of chess. A nil s is a game that has not been created. An event that was
// applied before changes nothing: s itself is returned. Returns ErrGap if events
// before this one are missing.
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
		return nil, errors.New("the game does not exist")
	}
	next := *s
	var e row.Entry
	var err error
	if s.Over() {
		e, err = next.applyAfterEnd(ev)
	} else {
		e, err = next.applyWhileRunning(ev)
		next.endWaiting()
	}
	if err != nil {
		return nil, err
	}
	e.At = ev.OccurredAt
	if err := next.record(ev.CommandID, e); err != nil {
		return nil, err
	}
	return &next, nil
}

// applyWhileRunning changes everything but the history.
func (s *State) applyWhileRunning(ev schemas.Event) (row.Entry, error) {
	switch p := ev.Payload.(type) {
	case *schemas.GameStartedPayload:
		s.Clock = clock.New(s.TimeControl, ev.OccurredAt)
		return row.Entry{Kind: row.KindStarted}, nil
	case *schemas.MoveMadePayload:
		return s.applyMove(p, ev.OccurredAt)
	case *schemas.DrawOfferedPayload:
		s.DrawOffer = p.Color
		s.side(p.Color).LastDrawOffer = p.Ply + 1
		return row.Entry{Kind: row.KindDrawOffered, Color: p.Color}, nil
	case *schemas.DrawDeclinedPayload:
		s.DrawOffer = ""
		return row.Entry{Kind: row.KindDrawDeclined, Color: p.Color}, nil
	case *schemas.TakebackOfferedPayload:
		s.TakebackOffer = p.Color
		own := s.side(p.Color)
		own.TakebackOffered = true
		own.TakebackOffers++
		return row.Entry{Kind: row.KindTakebackOffered, Color: p.Color}, nil
	case *schemas.TakebackDeclinedPayload:
		s.TakebackOffer = ""
		return row.Entry{Kind: row.KindTakebackDeclined, Color: p.Color}, nil
	case *schemas.TakebackAcceptedPayload:
		return s.applyTakeback(p, ev.OccurredAt)
	case *schemas.TimeAddedPayload:
		return s.applyTimeAdded(p), nil
	case *schemas.TimeRestoredPayload:
		return s.applyTimeRestored(p, ev.OccurredAt), nil
	case *schemas.PlayerLeftPayload:
		return s.applyLeft(p, ev.OccurredAt), nil
	case *schemas.PlayerReturnedPayload:
		s.markPresent(p.Color)
		return row.Entry{Kind: row.KindPlayerReturned, Color: p.Color}, nil
	case *schemas.GameOver:
		return s.applyOver(ev.Type, p, ev.OccurredAt), nil
	}
	return row.Entry{}, fmt.Errorf("payload %T in a running game", ev.Payload)
}

// applyAfterEnd is applyWhileRunning for a finished game.
func (s *State) applyAfterEnd(ev schemas.Event) (row.Entry, error) {
	switch p := ev.Payload.(type) {
	case *schemas.RematchOfferedPayload:
		s.RematchOffer = p.Color
		s.side(p.Color).RematchOffered = true
		return row.Entry{Kind: row.KindRematchOffered, Color: p.Color}, nil
	case *schemas.RematchDeclinedPayload:
		s.RematchOffer = ""
		return row.Entry{Kind: row.KindRematchDeclined, Color: p.Color}, nil
	case *schemas.RematchAcceptedPayload:
		s.RematchOffer, s.rematched = "", true
		return row.Entry{Kind: row.KindRematchAccepted, Color: p.Color}, nil
	case *schemas.RematchFailedPayload:
		s.rematchFailed = true
		return row.Entry{Kind: row.KindRematchFailed, Color: p.Color, Refusal: p.Reason}, nil
	}
	return row.Entry{}, fmt.Errorf("payload %T in a finished game", ev.Payload)
}

func applyCreated(ev schemas.Event, p *schemas.GameCreatedPayload) (*State, error) {
	if ev.Seq != 1 {
		return nil, errors.New("GameCreated is not the first event")
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
	s.keys = s.keys.Append(rules.KeyOfFEN(p.FEN))
	s.history = row.NewHistory(s.ID, s.CreatedAt)
	if err := s.record(ev.CommandID, row.Entry{Kind: row.KindCreated, At: ev.OccurredAt}); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *State) applyMove(p *schemas.MoveMadePayload, at schemas.Time) (row.Entry, error) {
	m, err := rules.Note(p.UCI, p.SAN, p.FEN)
	if err != nil {
		return row.Entry{}, err
	}
	s.Clock = s.Clock.After(s.TimeControl, s.turn(), at, p.Clock)
	s.Plies++
	s.FEN = strings.Clone(p.FEN) // not to keep the whole text of the event in memory
	if s.DrawOffer == p.Color.Other() {
		s.DrawOffer = "" // a move declines the offer
	}
	s.endTakebackOffer()
	s.markPresent(p.Color)
	if irreversible(p.FEN) {
		s.keys = row.Keys{}
	}
	s.keys = s.keys.Append(rules.KeyOfFEN(p.FEN))
	e := row.Entry{Kind: row.KindMove, Move: m, Centis: p.Clock.CompensatedCs}
	if p.DeadlineAt == 0 {
		e.Kind = row.KindLastMove
	}
	return e, nil
}

func (s *State) applyOver(t schemas.EventType, p *schemas.GameOver, at schemas.Time) row.Entry {
	// Clones do not keep the whole text of the event in memory.
	s.Result, s.Termination, s.endedAt = schemas.Result(strings.Clone(string(p.Result))), schemas.Termination(strings.Clone(string(p.Termination))), at
	s.DrawOffer, s.TakebackOffer = "", ""
	s.keys = row.Keys{}
	e := row.Entry{Result: p.Result, Termination: p.Termination}
	switch t {
	case schemas.GameEnded:
		e.Kind = row.KindEnded
	case schemas.GameResigned:
		e.Kind = row.KindResigned
	case schemas.GameTimeout:
		e.Kind = row.KindTimeout
		s.Clock = s.Clock.Flag(s.Turn())
	default:
		e.Kind, e.Color = row.KindAborted, p.AbortedBy
	}
	return e
}

// irreversible reports whether the FEN's half-move clock is 0.
func irreversible(fen string) bool {
	last := strings.LastIndexByte(fen, ' ')
	return last >= 2 && fen[last-2:last] == " 0"
}

// record appends an event to the history. Its seq is the next one.
func (s *State) record(commandID string, e row.Entry) (err error) {
	if s.history, err = s.history.Append(commandID, e, s.UpdatedAt); err != nil {
		return err
	}
	s.Seq++
	s.UpdatedAt = e.At
	return nil
}
