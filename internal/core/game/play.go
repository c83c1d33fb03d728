package game

import (
	"errors"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

func (d *decision) play(color schemas.Color, p *schemas.PlayMovePayload) *Refusal {
	s := d.state
	if color != s.Turn() {
		return refuse(schemas.CodeNotYourTurn, "it is %s's turn", s.Turn())
	}
	if p.Ply != 0 && p.Ply != s.Plies+1 {
		return refuse(schemas.CodeWrongPly, "the next ply is %d, not %d", s.Plies+1, p.Ply)
	}
	if _, ok := rules.ParseUCI(p.UCI); !ok {
		return refuse(schemas.CodeMalformedMove, "%.16q is not a move in UCI", p.UCI)
	}
	compensated := s.Clock.Compensation(s.turn(), d.at, p.LagCs)
	if s.expired(d.at) || !s.Clock.InTime(s.turn(), d.at, compensated) {
		d.endOnTime()
		return nil
	}
	next, san, err := mustParseFEN(s.FEN).Play(p.UCI)
	if err != nil {
		if errors.Is(err, rules.ErrMalformed) {
			return refuse(schemas.CodeMalformedMove, "%.16q is not a move in UCI", p.UCI)
		}
		return refuse(schemas.CodeIllegalMove, "%s is not legal here", p.UCI)
	}
	result, termination := s.outcome(next, color)
	after, audit := s.Clock.Move(s.TimeControl, s.turn(), d.at, compensated)
	d.emit(schemas.MoveMade, s.movePayload(s.Plies+1, p.UCI, san, next.FEN(), audit, after, termination != ""))
	if termination != "" {
		d.end(schemas.GameEnded, result, termination)
	}
	return nil
}

// outcome returns how color's move to the position next ends the game; the
// termination is "" if it does not.
func (s *State) outcome(next rules.Position, color schemas.Color) (schemas.Result, schemas.Termination) {
	switch next.Status() {
	case rules.Checkmate:
		return schemas.WinFor(color), schemas.Checkmate
	case rules.Stalemate:
		return schemas.Draw, schemas.Stalemate
	case rules.Insufficient:
		return schemas.Draw, schemas.InsufficientMaterial
	}
	switch {
	case next.HalfmoveClock() > 0 && s.repetitions(next.Key()) >= 4:
		return schemas.Draw, schemas.FivefoldRepetition
	case next.HalfmoveClock() >= seventyFiveMoves:
		return schemas.Draw, schemas.SeventyFiveMoves
	case s.Plies+1 >= MaxPlies:
		return schemas.Draw, schemas.MaxPlies
	}
	return "", ""
}

// expired reports whether the flag of the side to move has fallen. The numbers are in
// package clock.
func (s *State) expired(at schemas.Time) bool { return s.Clock.Expired(s.TimeControl, s.turn(), at) }

// endOnTime ends a game whose side to move has run out of time (FIDE 6.9).
func (d *decision) endOnTime() {
	s := d.state
	if s.turn().First {
		d.end(schemas.GameAborted, schemas.NoResult, schemas.FirstMoveExpired)
		return
	}
	winner := s.Turn().Other()
	switch {
	case s.DrawOffer == winner: // the offer is still pending
		d.end(schemas.GameTimeout, schemas.Draw, schemas.Agreement)
	case !mustParseFEN(s.FEN).CanMate(winner):
		d.end(schemas.GameTimeout, schemas.Draw, schemas.TimeVsInsufficient)
	default:
		d.end(schemas.GameTimeout, schemas.WinFor(winner), schemas.TimeForfeit)
	}
}
