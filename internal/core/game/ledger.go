package game

import "encoding/binary"

// ledger is an append-only byte string in two pieces: what the row brought,
// which is never copied until the row is written, and what came since. Appending
// makes a new ledger and leaves the old one alone.
type ledger struct {
	base, tail []byte
}

func (l ledger) len() int { return len(l.base) + len(l.tail) }

// append copies the tail, because two states may grow out of one.
func (l ledger) append(p ...byte) ledger {
	tail := make([]byte, 0, len(l.tail)+len(p))
	return ledger{l.base, append(append(tail, l.tail...), p...)}
}

func (l ledger) appendTo(b []byte) []byte { return append(append(b, l.base...), l.tail...) }

// at is the rest of the piece that holds offset i. No entry spans both pieces.
func (l ledger) at(i int) []byte {
	if i < len(l.base) {
		return l.base[i:]
	}
	return l.tail[i-len(l.base):]
}

func (l ledger) uint64(i int) uint64 { return binary.BigEndian.Uint64(l.at(i)) }

// index8 finds an entry among entries of 8 bytes, from number n on; -1 if it is
// not there.
func (l ledger) index8(entry [8]byte, n int) int {
	first := len(l.base) / 8
	if n < first {
		if i := index8(l.base[n*8:], entry); i >= 0 {
			return n + i
		}
		n = first
	}
	if i := index8(l.tail[(n-first)*8:], entry); i >= 0 {
		return n + i
	}
	return -1
}

// index8 compares at the entries' places alone: a search for the bytes would
// look at all places between as well.
func index8(b []byte, entry [8]byte) int {
	for i := 0; len(b) >= 8; i, b = i+1, b[8:] {
		if [8]byte(b) == entry {
			return i
		}
	}
	return -1
}
