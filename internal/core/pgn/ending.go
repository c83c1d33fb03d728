package pgn

import (
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// EarlyEnd is how the rules ended a game whose text goes on with more moves.
type EarlyEnd struct {
	Line        int // of the first move after the end
	Termination schemas.Termination
	Result      schemas.Result // by the rules; that of the game is the file's
}

// seventyFiveMoves is FIDE 9.6.2 in plies.
const seventyFiveMoves = 150

// ending watches for the positions that end a game without a claim.
type ending struct {
	seen        map[uint64]int // positions since the last capture or pawn move
	termination schemas.Termination
	result      schemas.Result
}

func (e *ending) over() bool { return e.termination != "" }

// reach records a position of the game, in order.
func (e *ending) reach(p rules.Position) {
	if p.HalfmoveClock() == 0 || e.seen == nil {
		e.seen = make(map[uint64]int, 8)
	}
	e.seen[p.Key()]++
	e.result = schemas.Draw
	switch p.Status() {
	case rules.Checkmate:
		e.termination, e.result = schemas.Checkmate, schemas.WinFor(p.Turn().Other())
	case rules.Stalemate:
		e.termination = schemas.Stalemate
	case rules.Insufficient:
		e.termination = schemas.InsufficientMaterial
	default:
		switch {
		case e.seen[p.Key()] >= 5: // FIDE 9.6.1
			e.termination = schemas.FivefoldRepetition
		case p.HalfmoveClock() >= seventyFiveMoves:
			e.termination = schemas.SeventyFiveMoves
		}
	}
}
