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
func (p *Position) attacked(sq int, byBlack bool) bool {
	at := func(from int, s step) (int, byte) {
		f, r := file(from)+s.file, rank(from)+s.rank
		if f < 0 || f > 7 || r < 0 || r > 7 {
			return noSquare, 0
		}
		return r*8 + f, p.board[r*8+f]
	}
	is := func(piece byte, roles string) bool {
		if piece == 0 || isBlack(piece) != byBlack {
			return false
		}
		for i := range len(roles) {
			if upper(piece) == roles[i] {
				return true
			}
		}
		return false
	}
	towards := -1 // a white pawn attacks upwards, so it stands below sq
	if byBlack {
		towards = 1
	}
	for _, s := range [...]step{{-1, towards}, {1, towards}} {
		if _, piece := at(sq, s); is(piece, "P") {
			return true
		}
	}
	for _, s := range [...]step{{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}} {
		if _, piece := at(sq, s); is(piece, "N") {
			return true
		}
	}
	for _, s := range [...]step{{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 1}, {-1, 1}, {-1, -1}, {1, -1}} {
		far := "QR"
		if s.file != 0 && s.rank != 0 {
			far = "QB"
		}
		next, piece := at(sq, s)
		if is(piece, "K") {
			return true
		}
		for next != noSquare {
			if piece != 0 {
				if is(piece, far) {
					return true
				}
				break
			}
			next, piece = at(next, s)
		}
	}
	return false
}
