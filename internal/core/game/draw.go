package game

import (
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// draw handles color's draw offers and its answers to the opponent's.
func (d *decision) draw(color schemas.Color) *Refusal {
	s := d.state
	pending := s.DrawOffer == color.Other()
	switch d.cmd.Type {
	case schemas.OfferDraw:
		switch {
		case pending: // a counter-offer accepts
			d.end(schemas.GameEnded, schemas.Draw, schemas.Agreement)
			return nil
		case s.DrawOffer == color:
			return refuse(schemas.CodeDrawOfferPending, "the offer is already pending")
		case !s.mayOfferDraw(color):
			return refuse(schemas.CodeDrawOfferTooSoon, "a draw may be offered once in %d plies", drawOfferWait)
		}
		d.emit(schemas.DrawOffered, &schemas.DrawOfferedPayload{Ply: s.Plies, Color: color})
	case schemas.AcceptDraw:
		if !pending {
			return refuse(schemas.CodeNoDrawOffer, "the opponent has not offered a draw")
		}
		d.end(schemas.GameEnded, schemas.Draw, schemas.Agreement)
	case schemas.DeclineDraw:
		if !pending {
			return refuse(schemas.CodeNoDrawOffer, "the opponent has not offered a draw")
		}
		d.emit(schemas.DrawDeclined, &schemas.DrawDeclinedPayload{Ply: s.Plies, Color: color})
	}
	return nil
}

// drawOfferWait is how many plies a side waits between its draw offers.
const drawOfferWait = 20

func (s *State) mayOfferDraw(c schemas.Color) bool {
	last := s.side(c).LastDrawOffer
	return last == 0 || s.Plies-(last-1) >= drawOfferWait
}

// Plies without a capture or a pawn move until a draw can be claimed (FIDE 9.3),
// and until the game is drawn without a claim (FIDE 9.6.2).
const (
	fiftyMoves       = 100
	seventyFiveMoves = 150
)

// claimDraw handles a claim by threefold repetition (FIDE 9.2) or the 50-move rule
// (9.3). Unlike in FIDE's rules the position must be on the board: a player cannot
// announce a move.
func (d *decision) claimDraw(color schemas.Color) *Refusal {
	s := d.state
	switch {
	case color != s.Turn():
		return refuse(schemas.CodeNotYourTurn, "it is %s's turn", s.Turn())
	case s.repetitions(rules.KeyOfFEN(s.FEN)) >= 3:
		d.end(schemas.GameEnded, schemas.Draw, schemas.ThreefoldRepetition)
	case mustParseFEN(s.FEN).HalfmoveClock() >= fiftyMoves:
		d.end(schemas.GameEnded, schemas.Draw, schemas.FiftyMoves)
	default:
		return refuse(schemas.CodeNoDrawToClaim, "the position has occurred fewer than three times, and a pawn moved or a piece was captured in the last 50 moves")
	}
	return nil
}
