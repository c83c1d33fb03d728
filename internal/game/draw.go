package game

import "tabiya/schemas"

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
	}
	return nil
}
