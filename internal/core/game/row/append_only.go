package row

// appendOnly is a byte string that grows without changing its earlier values. It
// is in two pieces: base aliases the row that was read and is not copied until a
// row is written; tail is what was appended since.
type appendOnly struct {
	base, tail []byte
}

func (a appendOnly) len() int { return len(a.base) + len(a.tail) }

// append copies the tail, because two values may be appended to one.
func (a appendOnly) append(p []byte) appendOnly {
	tail := make([]byte, 0, len(a.tail)+len(p))
	return appendOnly{a.base, append(append(tail, a.tail...), p...)}
}

func (a appendOnly) appendTo(b []byte) []byte { return append(append(b, a.base...), a.tail...) }

// at returns the rest of the piece that holds offset i. What one call appended
// never spans both pieces.
func (a appendOnly) at(i int) []byte {
	if i < len(a.base) {
		return a.base[i:]
	}
	return a.tail[i-len(a.base):]
}

// index8 searches elements of 8 bytes from number n on. It returns the number of
// the first that equals element, or -1.
func (a appendOnly) index8(element [8]byte, n int) int {
	first := len(a.base) / 8
	if n < first {
		if i := index8(a.base[n*8:], element); i >= 0 {
			return n + i
		}
		n = first
	}
	if i := index8(a.tail[(n-first)*8:], element); i >= 0 {
		return n + i
	}
	return -1
}

// index8 compares only where elements begin. bytes.Index would also look at all
// offsets between.
func index8(b []byte, element [8]byte) int {
	for i := 0; len(b) >= 8; i, b = i+1, b[8:] {
		if [8]byte(b) == element {
			return i
		}
	}
	return -1
}
