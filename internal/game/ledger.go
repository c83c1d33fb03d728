package game

import (
	"bytes"
	"encoding/binary"
)

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

// index finds an entry among entries of that size; -1 if it is not there.
func (l ledger) index(entry []byte) int {
	if i := indexAligned(l.base, entry); i >= 0 {
		return i
	}
	if i := indexAligned(l.tail, entry); i >= 0 {
		return i + len(l.base)/len(entry)
	}
	return -1
}

func indexAligned(b, entry []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], entry)
		if i < 0 {
			return -1
		}
		if at := from + i; at%len(entry) == 0 {
			return at / len(entry)
		}
		from += i + 1
	}
}
