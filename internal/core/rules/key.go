package rules

// Key identifies the position for repetition (FIDE 9.2.3): the same pieces on
// the same squares, the same side to move, the same rights to castle and to
// capture en passant.
func (p Position) Key() uint64 {
	var buf [100]byte
	return hash(p.appendPlace(buf[:0]))
}

// KeyOfFEN is the Key of the position that FEN wrote as fen.
func KeyOfFEN(fen string) uint64 {
	spaces := 0
	for i := range len(fen) {
		if fen[i] == ' ' {
			if spaces++; spaces == 4 {
				return hash(fen[:i])
			}
		}
	}
	return hash(fen)
}

// hash is FNV-1a with the finaliser of MurmurHash3, so that all bits count.
// Keys are kept in rows: it must never change.
func hash[T ~string | ~[]byte](s T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
