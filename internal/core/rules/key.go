package rules

// Key returns a hash that identifies the position for repetition (FIDE 9.2.3): pieces and
// squares, the side to move, and the rights to castle and to capture en passant.
func (p Position) Key() uint64 {
	var buf [100]byte
	return hash(p.appendKeyFields(buf[:0]))
}

// KeyOfFEN returns the Key of the position whose FEN method returned fen.
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

// hash is FNV-1a with the finaliser of MurmurHash3, which mixes all bits. Keys are stored
// in rows, so it must never change.
func hash[T ~string | ~[]byte](s T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
