package game

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

// The history is three byte strings that only grow. ids holds 8 bytes an event:
// the second half of the id of the command that caused it, so that a repeated
// command is found by one search for 8 bytes, and its place is the event's seq.
// The first half is the game's own (schemas.GameCommandID); where it is not,
// which is seldom, heads holds the event's seq and that half. log holds one entry
// an event: what else it takes to make it again (see entry.go).
const (
	idWidth   = 8
	headWidth = 4 + 8
)

// half is one half of an id.
type half = [8]byte

// halves are those of an id.
func halves(id uuid.UUID) (first, second half) { return half(id[:8]), half(id[8:]) }

// record appends an event to the history. Its seq is the next one.
func (s *State) record(commandID string, e entry) error {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return fmt.Errorf("command id: %w", err)
	}
	var buf [24]byte
	b, err := appendEntry(buf[:0], e, s.UpdatedAt)
	if err != nil {
		return err
	}
	first, second := halves(id)
	s.ids = s.ids.append(second[:]...)
	if first != s.ownHead() {
		s.heads = s.heads.append(appendHead(nil, s.Seq+1, first)...)
	}
	s.log = s.log.append(b...)
	s.Seq++
	s.UpdatedAt = e.at
	return nil
}

// history walks over all entries. A corrupt one panics: the row's bytes come
// from this program through Kafka, which checks them.
func (s *State) history() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		at := s.CreatedAt
		offset := 0
		for seq := int64(1); seq <= s.Seq; seq++ {
			e, n := readEntry(s.log.at(offset))
			if n == 0 {
				panic(fmt.Sprintf("game: the history of %s is corrupt at event %d", s.ID, seq))
			}
			at += e.at
			e.seq, e.at = seq, at
			if !yield(e) {
				return
			}
			offset += n
		}
	}
}

// find gives the first event that a command caused; ok is false if it caused
// none.
func (s *State) find(commandID string) (e entry, ok bool) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return entry{}, false
	}
	first, second := halves(id)
	i := s.ids.index8(second, 0)
	for ; i >= 0 && s.headOf(int64(i)+1) != first; i = s.ids.index8(second, i+1) {
	}
	if i < 0 {
		return entry{}, false
	}
	for e := range s.history() {
		if e.seq == int64(i)+1 {
			return e, true
		}
	}
	return entry{}, false
}

func appendHead(b []byte, seq int64, first half) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(seq)), first[:]...)
}

// headOf is the first half of the id of the command that caused event seq.
func (s *State) headOf(seq int64) half {
	for i := range s.heads.len() / headWidth {
		if h := s.heads.at(i * headWidth); int64(binary.BigEndian.Uint32(h)) == seq {
			return half(h[4:])
		}
	}
	return s.ownHead()
}

// ownHead is the first half of the game's id.
func (s *State) ownHead() half {
	id, err := uuid.Parse(s.ID)
	if err != nil {
		return half{} // no key of a game: each head is kept
	}
	first, _ := halves(id)
	return first
}

// splitIDs reads ids that were written whole.
func (s *State) splitIDs(ids []byte) {
	own := s.ownHead()
	for seq := int64(1); len(ids) >= 16; seq, ids = seq+1, ids[16:] {
		first, second := halves(uuid.UUID(ids[:16]))
		s.ids.base = append(s.ids.base, second[:]...)
		if first != own {
			s.heads.base = appendHead(s.heads.base, seq, first)
		}
	}
}

// commandID is the id of the command that caused event seq.
func (s *State) commandID(seq int64) string {
	first := s.headOf(seq)
	return uuid.UUID(append(first[:], s.ids.at(int(seq-1) * idWidth)[:idWidth]...)).String()
}
