package rules

import (
	"errors"

	"github.com/notnil/chess"
)

func (p *Position) setEnPassant(s string) error {
	if s == "-" {
		return nil
	}
	sq, ok := square(s)
	if !ok {
		return errors.New("the en-passant field is - or a square")
	}
	// Black has just passed rank 6 (index 5) going down; White rank 3 going up.
	want, pawn, ahead := 5, byte('p'), -8
	if p.black {
		want, pawn, ahead = 2, 'P', 8
	}
	if rank(sq) != want || p.board[sq] != 0 || p.board[sq-ahead] != 0 || p.board[sq+ahead] != pawn {
		return errors.New("no pawn has just passed the en-passant square")
	}
	p.enPassant = int8(sq)
	p.checkEnPassant()
	return nil
}

// checkEnPassant clears the en-passant square if no legal move captures there.
func (p *Position) checkEnPassant() {
	if p.enPassant == noSquare {
		return
	}
	beyond := int(p.enPassant) - 8 // the square of the pawn that moved
	if p.black {
		beyond += 16
	}
	if !p.pawnBeside(beyond) || !hasEnPassant(p.library().ValidMoves()) {
		p.enPassant = noSquare
	}
}

// pawnBeside reports whether a pawn of the side to move is beside sq.
func (p *Position) pawnBeside(sq int) bool {
	pawn := byte('P')
	if p.black {
		pawn = 'p'
	}
	return file(sq) > 0 && p.board[sq-1] == pawn || file(sq) < 7 && p.board[sq+1] == pawn
}

func hasEnPassant(moves []*chess.Move) bool {
	for _, m := range moves {
		if m.HasTag(chess.EnPassant) {
			return true
		}
	}
	return false
}
