package ratings

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// leadersEnd is the last player of a page of a leaderboard; the next page begins after
// it.
type leadersEnd struct {
	Rating   float64
	PlayerID string
	Rank     int
}

// leadersStart is before all players.
var leadersStart = leadersEnd{Rating: math.MaxFloat64, PlayerID: uuid.Nil.String()}

const (
	leadersCursorFormat = 1
	leadersCursorSize   = 1 + 8 + 16 + 4 + 4
)

// cursor encodes e for clients: format, rating, player id, rank and a checksum, which
// includes the speed. A cursor that was truncated, altered or used with another speed is
// refused.
func (e leadersEnd) cursor(speed schemas.Speed) string {
	b := make([]byte, 0, leadersCursorSize)
	b = append(b, leadersCursorFormat)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(e.Rating))
	id := uuid.MustParse(e.PlayerID)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(e.Rank))
	b = binary.BigEndian.AppendUint32(b, leadersChecksum(b, speed))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseLeadersEnd decodes what cursor encoded for that speed; ok is false for anything
// else.
func parseLeadersEnd(text string, speed schemas.Speed) (end leadersEnd, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(leadersCursorSize) {
		return leadersEnd{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line ends, so check the decoded length as well.
	if err != nil || len(b) != leadersCursorSize || b[0] != leadersCursorFormat {
		return leadersEnd{}, false
	}
	rest := leadersCursorSize - 4
	end = leadersEnd{
		Rating: math.Float64frombits(binary.BigEndian.Uint64(b[1:9])), PlayerID: uuid.UUID(b[9:25]).String(),
		Rank: int(binary.BigEndian.Uint32(b[25:29])),
	}
	valid := binary.BigEndian.Uint32(b[rest:]) == leadersChecksum(b[:rest], speed) &&
		!math.IsNaN(end.Rating) && !math.IsInf(end.Rating, 0) && end.Rank < math.MaxInt32
	return end, valid
}

func leadersChecksum(b []byte, speed schemas.Speed) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, []byte(speed))
}
