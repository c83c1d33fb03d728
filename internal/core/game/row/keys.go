package row

import "encoding/binary"

// Keys is an immutable list of the hashes (rules.Position.Key) of the positions
// since the last irreversible move, kept to count repetitions.
type Keys struct {
	hashes appendOnly
}

// NewKeys returns a list of those keys.
func NewKeys(keys []uint64) Keys {
	b := make([]byte, 0, 8*len(keys))
	for _, key := range keys {
		b = binary.BigEndian.AppendUint64(b, key)
	}
	return Keys{appendOnly{base: b}}
}

// Append returns the list with one more key.
func (k Keys) Append(key uint64) Keys {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], key)
	return Keys{k.hashes.append(b[:])}
}

// Count returns how often the key is in the list.
func (k Keys) Count(key uint64) int {
	n := 0
	for i := 0; i < k.hashes.len(); i += 8 {
		if binary.BigEndian.Uint64(k.hashes.at(i)) == key {
			n++
		}
	}
	return n
}
