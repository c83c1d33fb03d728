package game

import (
	"errors"

	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// maxTakebackOffers bounds the takeback offers of a side in a game, and with them
// the moves that are played and taken back.
const maxTakebackOffers = 30

// takeback handles the takeback commands of color.
func (d *decision) takeback(color schemas.Color) *Refusal {
	s := d.state
	pending := s.TakebackOffer == color.Other()
	switch {
	case d.cmd.Type == schemas.OfferTakeback && !pending:
		return d.offerTakeback(color)
	case !pending:
		return refuse(schemas.CodeNoTakebackOffer, "the opponent has not offered a takeback")
	case d.cmd.Type == schemas.DeclineTakeback:
		d.emit(schemas.TakebackDeclined, &schemas.TakebackDeclinedPayload{Ply: s.Plies, Color: color})
	default: // a counter-offer accepts
		l := s.line()
		l.takeBack(s.takebackPlies(color.Other()), d.at)
		d.emit(schemas.TakebackAccepted, l.takebackPayload(color, l.board()))
	}
	return nil
}

func (d *decision) offerTakeback(color schemas.Color) *Refusal {
	s := d.state
	switch own := s.side(color); {
	case s.TakebackOffer == color:
		return refuse(schemas.CodeTakebackOfferPending, "the offer is already pending")
	case s.takebackPlies(color) > s.Plies:
		return refuse(schemas.CodeNothingToTakeBack, "you have no move to take back")
	case own.TakebackOffered:
		return refuse(schemas.CodeTakebackOfferTooSoon, "a takeback may be offered once between two moves")
	case own.TakebackOffers >= maxTakebackOffers:
		return refuse(schemas.CodeTooManyTakebackOffers, "a takeback may be offered %d times in a game", maxTakebackOffers)
	}
	d.emit(schemas.TakebackOffered, &schemas.TakebackOfferedPayload{Ply: s.Plies, Color: color})
	return nil
}

// takebackPlies is how many plies must go to take back the offerer's last move.
func (s *State) takebackPlies(offerer schemas.Color) int {
	if s.Turn() == offerer {
		return 2
	}
	return 1
}

// takebackPayload is the payload for the line after the takeback, and its position.
func (l *line) takebackPayload(color schemas.Color, board rules.Position) *schemas.TakebackAcceptedPayload {
	return &schemas.TakebackAcceptedPayload{
		Ply: len(l.plies), Color: color, FEN: board.FEN(), Clock: l.clocks(), DeadlineAt: l.deadline(),
	}
}

// applyTakeback changes everything but the history.
func (s *State) applyTakeback(p *schemas.TakebackAcceptedPayload, at schemas.Time) (row.Entry, error) {
	takenBack := s.Plies - p.Ply
	if takenBack != 1 && takenBack != 2 {
		return row.Entry{}, errors.New("a takeback takes back one ply or two")
	}
	if p.Ply < 0 {
		return row.Entry{}, errors.New("a takeback of more plies than were played")
	}
	l := s.line()
	l.takeBack(takenBack, at)
	s.Plies, s.FEN, s.keys = p.Ply, p.FEN, l.keys()
	s.Clock.White, s.Clock.Black, s.Clock.Since = p.Clock.WhiteCs, p.Clock.BlackCs, at
	s.Clock.Restored, s.Clock.RestoredTo = 0, 0
	s.DrawOffer = "" // it was made in a position that is gone
	s.endTakebackOffer()
	return row.Entry{Kind: row.KindTakebackAccepted, Color: p.Color, TwoPlies: takenBack == 2}, nil
}

// endTakebackOffer also lets both sides offer again.
func (s *State) endTakebackOffer() {
	s.TakebackOffer = ""
	s.sides[0].TakebackOffered, s.sides[1].TakebackOffered = false, false
}
