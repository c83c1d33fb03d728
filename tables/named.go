package tables

import (
	"slices"

	"tabiya/schemas"
)

// minNamedSize is the minimum encoded size of a named game, in bytes.
const minNamedSize = 1 + 3 + 9

func appendNamed(b []byte, g *schemas.NamedGame) []byte {
	if g == nil {
		return appendBool(b, false)
	}
	b = appendID(appendID(appendID(appendBool(b, true), g.GameID), g.WhiteID), g.BlackID)
	b = appendInt(appendInt(b, g.TimeControl.InitialCs), g.TimeControl.IncrementCs)
	b = appendString(appendBool(appendBool(b, g.Rated), g.Private), g.FEN)
	return appendInt(appendID(b, g.RematchOf), int64(g.Deadline))
}

func (r *bodyReader) named() *schemas.NamedGame {
	if !r.bool() {
		return nil
	}
	return &schemas.NamedGame{
		GameID: r.id(), WhiteID: r.id(), BlackID: r.id(),
		TimeControl: schemas.TimeControl{InitialCs: r.int(), IncrementCs: r.int()},
		Rated:       r.bool(), Private: r.bool(), FEN: r.string(), RematchOf: r.id(), Deadline: schemas.Time(r.int()),
	}
}

// seatRefusals lists the reasons of a refused seat. A row stores an index in it, so it
// may only be appended to. The first stands for a seat that was taken.
var seatRefusals = []schemas.SeatRefusal{"", schemas.SeatTaken, schemas.AccountClosed, schemas.NoAnswer}

func appendRefusal(b []byte, why schemas.SeatRefusal) []byte {
	return append(b, byte(slices.Index(seatRefusals, why)))
}

func (r *bodyReader) refusal() schemas.SeatRefusal {
	if i := int(r.byte()); i < len(seatRefusals) {
		return seatRefusals[i]
	}
	r.fail()
	return ""
}
