package rules

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

// attacked reports whether the side byBlack attacks sq.
func (p *Position) attacked(sq int, byBlack bool) bool { return len(p.attackers(sq, byBlack)) > 0 }

// attackers are the squares from where the side byBlack attacks sq; nil if
// there are none, as for the king of the side that moved.
func (p *Position) attackers(sq int, byBlack bool) (from []int) {
	at := func(from int, s step) (int, byte) {
		f, r := file(from)+s.file, rank(from)+s.rank
		if f < 0 || f > 7 || r < 0 || r > 7 {
			return noSquare, 0
		}
		return r*8 + f, p.board[r*8+f]
	}
	add := func(sq int, piece byte, roles string) {
		if piece == 0 || isBlack(piece) != byBlack {
			return
		}
		for i := range len(roles) {
			if upper(piece) == roles[i] {
				from = append(from, sq)
			}
		}
	}
	towards := -1 // a white pawn attacks upwards, so it stands below sq
	if byBlack {
		towards = 1
	}
	for _, s := range [...]step{{-1, towards}, {1, towards}} {
		next, piece := at(sq, s)
		add(next, piece, "P")
	}
	for _, s := range [...]step{{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}} {
		next, piece := at(sq, s)
		add(next, piece, "N")
	}
	for _, s := range [...]step{{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 1}, {-1, 1}, {-1, -1}, {1, -1}} {
		far := "QR"
		if s.file != 0 && s.rank != 0 {
			far = "QB"
		}
		next, piece := at(sq, s)
		add(next, piece, "K")
		for next != noSquare && piece == 0 {
			next, piece = at(next, s)
		}
		add(next, piece, far)
	}
	return from
}
