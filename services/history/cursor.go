package history

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/google/uuid"
)

// pageEnd is the last game of a page; the next page begins after it.
type pageEnd struct {
	EndedAt time.Time
	GameID  string
}

const (
	cursorFormat = 1
	cursorSize   = 1 + 8 + 16 + 4
)

// cursor encodes p for clients: format, microseconds, game id and a checksum. The
// checksum includes the player and the filters, so a cursor that was truncated,
// altered or used with other filters is refused instead of showing wrong games.
func (p pageEnd) cursor(f filter) string {
	b := make([]byte, 0, cursorSize)
	b = append(b, cursorFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(p.EndedAt.UnixMicro()))
	id := uuid.MustParse(p.GameID)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint32(b, f.checksum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor decodes what cursor encoded, for the same filters. Returns
// errBadCursor for anything else.
func parseCursor(text string, f filter) (*pageEnd, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(cursorSize) {
		return nil, errBadCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line ends, so check the decoded length as well.
	if err != nil || len(b) != cursorSize || b[0] != cursorFormat || binary.BigEndian.Uint32(b[cursorSize-4:]) != f.checksum(b[:cursorSize-4]) {
		return nil, errBadCursor
	}
	endedAt := time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:9]))).UTC()
	if !storable(endedAt) {
		return nil, errBadCursor
	}
	return &pageEnd{endedAt, uuid.UUID(b[9:25]).String()}, nil
}

// checksum is that of b, player and filters.
func (f filter) checksum(b []byte) uint32 {
	scope := fmt.Sprintf("%s|%d|%d|%s|%s|%s|%s", f.Player, f.Since.UnixMicro(), f.Until.UnixMicro(), f.Speed, f.Result, f.Color, f.Opponent)
	return crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, []byte(scope))
}
