package game

import (
	"fmt"
	"iter"

	"github.com/google/uuid"
)

// The history is two byte strings that only grow. ids holds 16 bytes an event:
// the id of the command that caused it, so that a repeated command is found by
// one search for 16 bytes, and its place is the event's seq. log holds one entry
// an event: what else it takes to make it again (see entry.go).

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
	s.ids = s.ids.append(id[:]...)
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
	i := s.ids.index16(id)
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

// commandID is the id of the command that caused event seq.
func (s *State) commandID(seq int64) string {
	return uuid.UUID(s.ids.at(int(seq-1) * 16)[:16]).String()
}
