package rules

import (
	"math/bits"
	"slices"
)

// king is the square of a side's king.
func (p *Position) king(black bool) int {
	want := byte('K')
	if black {
		want = 'k'
	}
	for sq, piece := range p.board {
		if piece == want {
			return sq
		}
	}
	return noSquare
}

type step struct{ file, rank int }

var (
	knightSteps = [...]step{{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}}
	lines       = [...]step{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} // of rooks and queens
	diagonals   = [...]step{{1, 1}, {-1, 1}, {-1, -1}, {1, -1}}
)

// from returns the square one step from sq, or noSquare off the board.
func (s step) from(sq int) int {
	f, r := file(sq)+s.file, rank(sq)+s.rank
	if f < 0 || f > 7 || r < 0 || r > 7 {
		return noSquare
	}
	return r*8 + f
}

var (
	allSteps  = slices.Concat(lines[:], diagonals[:])
	whitePush = [...]step{{0, 1}}
	blackPush = [...]step{{0, -1}}
)

// stepsOf returns the directions in which a piece moves. A pawn's captures are left out.
func stepsOf(piece byte) []step {
	switch piece {
	case 'P':
		return whitePush[:]
	case 'p':
		return blackPush[:]
	}
	switch upper(piece) {
	case 'N':
		return knightSteps[:]
	case 'R':
		return lines[:]
	case 'B':
		return diagonals[:]
	}
	return allSteps
}

// squares is a set of squares, one bit each.
type squares uint64

func (s squares) has(sq int) bool { return s>>sq&1 != 0 }

func (s squares) count() int { return bits.OnesCount64(uint64(s)) }

// attacked reports whether the side byBlack attacks sq.
func (p *Position) attacked(sq int, byBlack bool) bool { return p.attackers(sq, byBlack) != 0 }

// attackers returns the squares from which the side byBlack attacks sq.
func (p *Position) attackers(sq int, byBlack bool) (from squares) {
	side := byte(0)
	towards := -1 // a white pawn attacks upwards, so it is below sq
	if byBlack {
		side, towards = 'a'-'A', 1
	}
	for _, s := range [...]step{{-1, towards}, {1, towards}} {
		if next := s.from(sq); next != noSquare && p.board[next] == 'P'|side {
			from |= 1 << next
		}
	}
	for _, s := range knightSteps {
		if next := s.from(sq); next != noSquare && p.board[next] == 'N'|side {
			from |= 1 << next
		}
	}
	for _, s := range lines {
		from |= p.alongLine(sq, s, 'R'|side, side)
	}
	for _, s := range diagonals {
		from |= p.alongLine(sq, s, 'B'|side, side)
	}
	return from
}

// alongLine returns the square of the first man in direction s, if that man attacks sq:
// the side's slider (rook or bishop), its queen, or its king on the next square.
func (p *Position) alongLine(sq int, s step, slider, side byte) squares {
	for next, near := s.from(sq), true; next != noSquare; next, near = s.from(next), false {
		switch piece := p.board[next]; piece {
		case 0:
			continue
		case slider, 'Q' | side:
			return 1 << next
		default:
			if near && piece == 'K'|side {
				return 1 << next
			}
			return 0
		}
	}
	return 0
}
