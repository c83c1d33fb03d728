package rules

import "tabiya/schemas"

// material counts the mating material of each side, White first.
type material struct {
	heavy   [2]int // queens, rooks and pawns
	queens  [2]int
	pawns   [2]int
	knights [2]int
	bishops [2][2]int // on dark and on light squares
}

func (p *Position) material() material {
	var m material
	for sq, piece := range p.board {
		side := 0
		if isBlack(piece) {
			side = 1
		}
		switch upper(piece) {
		case 'Q':
			m.queens[side]++
			m.heavy[side]++
		case 'R':
			m.heavy[side]++
		case 'P':
			m.pawns[side]++
			m.heavy[side]++
		case 'N':
			m.knights[side]++
		case 'B':
			m.bishops[side][(rank(sq)+file(sq))%2]++
		}
	}
	return m
}

func (m *material) bishopsOf(side int) int { return m.bishops[side][0] + m.bishops[side][1] }

// bothColours reports whether there are bishops, of either side, on both colours.
func (m *material) bothColours() bool {
	return m.bishops[0][0]+m.bishops[1][0] > 0 && m.bishops[0][1]+m.bishops[1][1] > 0
}

// insufficient reports a dead position by material (FIDE 5.2.2): bare kings, one minor
// piece, or bishops that are all on one colour.
func (p *Position) insufficient() bool {
	m := p.material()
	if m.heavy[0]+m.heavy[1] > 0 {
		return false
	}
	knights, bishops := m.knights[0]+m.knights[1], m.bishopsOf(0)+m.bishopsOf(1)
	if knights > 0 {
		return knights == 1 && bishops == 0
	}
	return !m.bothColours()
}

// CanMate reports whether color has enough material to mate by some series of legal
// moves, by the rules of lichess (scalachess InsufficientMatingMaterial). If not, the
// opponent's flag fall is a draw (FIDE 6.9).
func (p Position) CanMate(color schemas.Color) bool {
	m := p.material()
	own, other := 0, 1
	if color == schemas.Black {
		own, other = 1, 0
	}
	if m.heavy[own] > 0 {
		return true
	}
	switch knights, bishops := m.knights[own], m.bishopsOf(own); {
	case knights+bishops == 0:
		return false
	case knights == 1 && bishops == 0:
		// Mate needs an opponent's piece that blocks its own king. A queen is not enough.
		return m.heavy[other]-m.queens[other]+m.knights[other]+m.bishopsOf(other) > 0
	case knights == 0:
		return m.bothColours() || m.knights[other]+m.pawns[other] > 0
	default:
		return true
	}
}
