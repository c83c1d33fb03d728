package tables

import (
	"fmt"
	"strconv"
)

// HeaderOffset is a header of a tombstone: the place of the command that deleted
// the row, in decimal. A tombstone without it is accepted as the newest record.
const HeaderOffset = "offset"

// Guard reports, record by record of a table topic, whether a record is newer than
// what came before. Goka has no fencing, so a stale owner may write a lower version
// behind a higher one, or a row behind its tombstone; such a record must not win.
// A Guard is not safe for concurrent use.
type Guard struct {
	deleted map[string]int64 // key to the offset of the command that deleted it
	order   []string         // keys of deleted, oldest first; only with a limit
	limit   int
}

// NewGuard creates a guard that remembers up to limit deleted keys; 0 means all.
func NewGuard(limit int) *Guard { return &Guard{deleted: make(map[string]int64), limit: limit} }

// AcceptRow reports whether value, a record of the topic, supersedes have, the
// newest encoded row so far (nil if there is none). It returns an error if value is
// not a row.
func (g *Guard) AcceptRow(key string, have, value []byte) (bool, error) {
	h, err := PeekHead(value)
	if err != nil {
		return false, fmt.Errorf("row %q: %w", key, err)
	}
	if have != nil {
		known, err := PeekHead(have)
		return err != nil || h.Version >= known.Version, nil //nolint:nilerr // any row replaces one that cannot be read
	}
	if offset, ok := g.deleted[key]; ok && h.Offset <= offset {
		return false, nil
	}
	delete(g.deleted, key)
	return true, nil
}

// AcceptTombstone reports whether a tombstone supersedes have, the newest encoded
// row so far. header is the tombstone's HeaderOffset.
func (g *Guard) AcceptTombstone(key string, have, header []byte) bool {
	offset, err := strconv.ParseInt(string(header), 10, 64)
	if err != nil {
		return true
	}
	if known, err := PeekHead(have); err == nil && known.Offset > offset {
		return false
	}
	if before, ok := g.deleted[key]; ok {
		offset = max(offset, before)
	}
	g.markDeleted(key, offset)
	return true
}

// DeletedBy returns the offset of the command that deleted the key's row; ok is
// false if the key was not deleted.
func (g *Guard) DeletedBy(key string) (offset int64, ok bool) {
	offset, ok = g.deleted[key]
	return offset, ok
}

func (g *Guard) markDeleted(key string, offset int64) {
	if _, known := g.deleted[key]; !known && g.limit > 0 {
		if len(g.order) >= g.limit {
			delete(g.deleted, g.order[0])
			g.order = g.order[1:]
		}
		g.order = append(g.order, key)
	}
	g.deleted[key] = offset
}
