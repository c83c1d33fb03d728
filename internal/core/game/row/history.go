package row

import (
	"errors"
	"fmt"
	"iter"

	"github.com/google/uuid"

	"tabiya/schemas"
)

const (
	suffixWidth = 8
	prefixWidth = 4 + 8
)

// History is an immutable list of all events of a game: an entry and the ID of
// its command each. The seq of an event is its place, from 1 on.
type History struct {
	gameID    string
	createdAt schemas.Time

	prefixes appendOnly // of the command IDs whose prefix is not the game's
	suffixes appendOnly
	entries  appendOnly
}

// NewHistory returns the history of a game without events.
func NewHistory(gameID string, createdAt schemas.Time) History {
	return History{gameID: gameID, createdAt: createdAt}
}

// Events returns the number of events.
func (h *History) Events() int64 { return int64(h.suffixes.len() / suffixWidth) }

func (h *History) len() int { return h.prefixes.len() + h.suffixes.len() + h.entries.len() }

func (h *History) appendTo(b []byte) []byte {
	b = h.prefixes.appendTo(b)
	b = h.suffixes.appendTo(b)
	return h.entries.appendTo(b)
}

// read takes the history of that many events from b, which it aliases.
func (h *History) read(b []byte, l layout, events int64) error {
	if l.prefixes > uint64(len(b)) || l.prefixes%prefixWidth != 0 {
		return errors.New("the command-ID prefixes are cut short")
	}
	h.prefixes.base, b = b[:l.prefixes:l.prefixes], b[l.prefixes:]
	width := int64(suffixWidth)
	if l.wholeIDs {
		width = 16
	}
	if events < 0 || events > int64(len(b))/width {
		return fmt.Errorf("no history of %d events in %d bytes", events, len(b))
	}
	ids := events * width
	h.entries.base = b[ids:]
	if l.wholeIDs {
		h.splitIDs(b[:ids])
	} else {
		h.suffixes.base = b[:ids:ids]
	}
	return nil
}

// Append returns the history with one more event; since is the time of the event
// before, or of the game's creation. The entry's Seq is ignored. Returns an error
// if the command ID is not a UUID, or if the format has no code for the result or
// the termination.
func (h *History) Append(commandID string, e Entry, since schemas.Time) (History, error) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return *h, fmt.Errorf("command id: %w", err)
	}
	var buf [24]byte
	b, err := appendEntry(buf[:0], &e, since)
	if err != nil {
		return *h, err
	}
	next := *h
	prefix, suffix := halves(id)
	if prefix != h.gamePrefix() {
		next.prefixes = h.prefixes.append(appendPrefix(nil, h.Events()+1, prefix))
	}
	next.suffixes = h.suffixes.append(suffix[:])
	next.entries = h.entries.append(b)
	return next, nil
}

// Entries returns all entries in order. It panics at a corrupt one: Kafka has
// checked the bytes, so a bug of this program wrote them.
func (h *History) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		at, offset := h.createdAt, 0
		for seq := int64(1); seq <= h.Events(); seq++ {
			e, n := readEntry(h.entries.at(offset))
			if n == 0 {
				panic(fmt.Sprintf("row: the history of game %s is corrupt at event %d", h.gameID, seq))
			}
			at += e.At
			e.Seq, e.At = seq, at
			if !yield(e) {
				return
			}
			offset += n
		}
	}
}

// Check returns an error if Entries would panic.
func (h *History) Check() error {
	offset := 0
	for seq := int64(1); seq <= h.Events(); seq++ {
		n := 0
		if offset < h.entries.len() {
			_, n = readEntry(h.entries.at(offset))
		}
		if n == 0 {
			return fmt.Errorf("the history is corrupt at event %d of %d", seq, h.Events())
		}
		offset += n
	}
	if offset != h.entries.len() {
		return fmt.Errorf("%d bytes follow the last event", h.entries.len()-offset)
	}
	return nil
}

// Find returns the first event that a command caused; ok is false if it caused
// none.
func (h *History) Find(commandID string) (e Entry, ok bool) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return Entry{}, false
	}
	prefix, suffix := halves(id)
	i := h.suffixes.index8(suffix, 0)
	for i >= 0 && h.prefixOf(int64(i)+1) != prefix {
		i = h.suffixes.index8(suffix, i+1)
	}
	if i < 0 {
		return Entry{}, false
	}
	for e := range h.Entries() {
		if e.Seq == int64(i)+1 {
			return e, true
		}
	}
	return Entry{}, false
}
