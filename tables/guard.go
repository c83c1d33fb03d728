package tables

import (
	"fmt"
	"strconv"
)

// HeaderOffset is a tombstone's header: the decimal offset of the command that
// deleted the row. A tombstone without it counts as newest.
const HeaderOffset = "offset"

// Guard tells, record by record of a table's topic, what is newer than what is
// known already. Goka does not fence: a stale owner may write a lower version
// behind the higher one, or a row behind its tombstone, and the later record
// must not win. A Guard belongs to one goroutine.
type Guard struct {
	gone  map[string]int64 // key to the offset of the command that deleted it
	order []string
	limit int
}

// NewGuard makes a guard that remembers at most limit deleted keys; 0 is all.
func NewGuard(limit int) *Guard { return &Guard{gone: make(map[string]int64), limit: limit} }

// Row reports whether value, read from the topic, supersedes have, the raw row
// known so far (nil: none). The error says that value is not a row.
func (g *Guard) Row(key string, have, value []byte) (bool, error) {
	h, err := PeekHead(value)
	if err != nil {
		return false, fmt.Errorf("row %q: %w", key, err)
	}
	if have != nil {
		known, err := PeekHead(have)
		return err != nil || h.Version >= known.Version, nil
	}
	if offset, ok := g.gone[key]; ok && h.Offset <= offset {
		return false, nil
	}
	delete(g.gone, key)
	return true, nil
}

// Tombstone is Row for a deletion; header is the value of HeaderOffset.
func (g *Guard) Tombstone(key string, have, header []byte) bool {
	offset, err := strconv.ParseInt(string(header), 10, 64)
	if err != nil {
		return true
	}
	if known, err := PeekHead(have); err == nil && known.Offset > offset {
		return false
	}
	g.mark(key, max(offset, g.gone[key]))
	return true
}

// Gone gives the offset of the command that deleted the key's row.
func (g *Guard) Gone(key string) (offset int64, ok bool) {
	offset, ok = g.gone[key]
	return offset, ok
}

func (g *Guard) mark(key string, offset int64) {
	if _, known := g.gone[key]; !known && g.limit > 0 {
		if len(g.order) >= g.limit {
			delete(g.gone, g.order[0])
			g.order = g.order[1:]
		}
		g.order = append(g.order, key)
	}
	g.gone[key] = offset
}
