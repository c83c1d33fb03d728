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

// index16 finds an entry among entries of 16 bytes; -1 if it is not there.
func (l ledger) index16(entry [16]byte) int {
	if i := index16(l.base, entry); i >= 0 {
		return i
	}
	if i := index16(l.tail, entry); i >= 0 {
		return i + len(l.base)/16
	}
	return -1
}

// index16 compares at the entries' places alone: a search for the bytes would
// look at all places between as well.
func index16(b []byte, entry [16]byte) int {
	for i := 0; len(b) >= 16; i, b = i+1, b[16:] {
		if [16]byte(b) == entry {
			return i
		}
	}
	return -1
}
