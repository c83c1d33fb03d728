package row

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// half is the prefix or the suffix of an ID.
type half = [8]byte

func halves(id uuid.UUID) (prefix, suffix half) { return half(id[:8]), half(id[8:]) }

// CommandID returns the ID of the command that caused event seq.
func (h *History) CommandID(seq int64) string {
	prefix := h.prefixOf(seq)
	return uuid.UUID(append(prefix[:], h.suffixes.at(int(seq-1) * suffixWidth)[:suffixWidth]...)).String()
}

func (h *History) prefixOf(seq int64) half {
	for i := 0; i < h.prefixes.len(); i += prefixWidth {
		if p := h.prefixes.at(i); int64(binary.BigEndian.Uint32(p)) == seq {
			return half(p[4:])
		}
	}
	return h.gamePrefix()
}

func appendPrefix(b []byte, seq int64, prefix half) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(seq)), prefix[:]...)
}

// gamePrefix is the prefix of the game's own ID, zero if that is not a UUID.
func (h *History) gamePrefix() half {
	id, err := uuid.Parse(h.gameID)
	if err != nil {
		return half{}
	}
	prefix, _ := halves(id)
	return prefix
}

// splitIDs reads the whole command IDs of versions 1 and 2.
func (h *History) splitIDs(ids []byte) {
	own := h.gamePrefix()
	for seq := int64(1); len(ids) >= 16; seq, ids = seq+1, ids[16:] {
		prefix, suffix := halves(uuid.UUID(ids[:16]))
		h.suffixes.base = append(h.suffixes.base, suffix[:]...)
		if prefix != own {
			h.prefixes.base = appendPrefix(h.prefixes.base, seq, prefix)
		}
	}
}
