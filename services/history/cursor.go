package history

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/google/uuid"
)

// position is a place in a list: the last game before it.
type position struct {
	EndedAt time.Time
	GameID  string
}

const (
	cursorFormat = 1
	cursorSize   = 1 + 8 + 16 + 4
)

// cursor writes the position for a client: format, microseconds, game id, and a
// checksum that ties it to the player and the filters, so that a cursor that
// was cut, mixed up or used with other filters is refused instead of showing
// the wrong games.
func (p position) cursor(f filter) string {
	b := make([]byte, 0, cursorSize)
	b = append(b, cursorFormat)
	b = binary.BigEndian.AppendUint64(b, uint64(p.EndedAt.UnixMicro()))
	id := uuid.MustParse(p.GameID)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint32(b, f.checksum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads what cursor wrote. Any string gives a position or an error.
func parseCursor(text string, f filter) (*position, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(cursorSize) {
		return nil, errBadCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line ends, so the text's length alone proves nothing.
	if err != nil || len(b) != cursorSize || b[0] != cursorFormat || binary.BigEndian.Uint32(b[cursorSize-4:]) != f.checksum(b[:cursorSize-4]) {
		return nil, errBadCursor
	}
	endedAt := time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:9]))).UTC()
	if !storable(endedAt) {
		return nil, errBadCursor
	}
	return &position{endedAt, uuid.UUID(b[9:25]).String()}, nil
}

func (f filter) checksum(b []byte) uint32 {
	about := fmt.Sprintf("%s|%d|%d|%s|%s|%s|%s", f.Player, f.Since.UnixMicro(), f.Until.UnixMicro(), f.Speed, f.Result, f.Color, f.Opponent)
	return crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, []byte(about))
}
