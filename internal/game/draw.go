package game

import (
	"tabiya/internal/rules"
	"tabiya/schemas"
)

// draw judges the draw commands of color.
func (d *decision) draw(color schemas.Color) *Refusal {
	s := d.state
	pending := s.DrawOffer == color.Other()
	switch d.cmd.Type {
	case schemas.OfferDraw:
		switch {
		case pending:
			return refuse(schemas.CodeDrawOfferPending, "the opponent has offered a draw: accept it")
		case s.DrawOffer == color:
			return refuse(schemas.CodeDrawOfferPending, "the offer stands already")
		case !s.mayOffer(color):
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
	case schemas.ClaimDraw:
		return d.claimDraw(color)
	}
	return nil
}

// Plies without a capture or a pawn move, until a draw can be claimed (FIDE 9.3)
// and until the game ends by itself (9.6.2).
const (
	fiftyMoves       = 100
	seventyFiveMoves = 150
)

// claimDraw judges a claim on the position on the board, by the side to move.
func (d *decision) claimDraw(color schemas.Color) *Refusal {
	s := d.state
	switch {
	case color != s.Turn():
		return refuse(schemas.CodeNotYourTurn, "it is %s's turn", s.Turn())
	case s.repetitions(rules.KeyOfFEN(s.FEN)) >= 3:
		d.end(schemas.GameEnded, schemas.Draw, schemas.ThreefoldRepetition)
	case position(s.FEN).HalfmoveClock() >= fiftyMoves:
		d.end(schemas.GameEnded, schemas.Draw, schemas.FiftyMoves)
	default:
		return refuse(schemas.CodeNoDrawToClaim, "the position was on the board less than three times, and a pawn moved or a piece was taken in the last 50 moves")
	}
	return nil
}
