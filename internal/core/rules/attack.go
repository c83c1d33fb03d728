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

// from is the square one step from sq, noSquare beyond the edge.
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

// stepsOf are the ways a piece goes: of a pawn, straight ahead alone.
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

// squares is a set of squares, a bit each.
type squares uint64

func (s squares) has(sq int) bool { return s>>sq&1 != 0 }

func (s squares) count() int { return bits.OnesCount64(uint64(s)) }

// attacked reports whether the side byBlack attacks sq.
func (p *Position) attacked(sq int, byBlack bool) bool { return p.attackers(sq, byBlack) != 0 }

// attackers are the squares from where the side byBlack attacks sq; none for the
// king of the side that moved.
func (p *Position) attackers(sq int, byBlack bool) (from squares) {
	side := byte(0)
	towards := -1 // a white pawn attacks upwards, so it stands below sq
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

// alongLine is the first man from sq on, if it is the far piece or the queen of
// the side, or its king and near.
func (p *Position) alongLine(sq int, s step, far, side byte) squares {
	for next, near := s.from(sq), true; next != noSquare; next, near = s.from(next), false {
		switch piece := p.board[next]; piece {
		case 0:
			continue
		case far, 'Q' | side:
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
