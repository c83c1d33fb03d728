package tables

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"tabiya/schemas"
)

// ErrLaterFormat means that a later release wrote the row. Such a row is not
// corrupt: a processor of this release must leave the partition to a newer one.
var ErrLaterFormat = schemas.ErrLaterFormat

// The first byte of a row is the number of its frame.
const (
	// frameWithoutChecksum is the frame before there were formats. It is read only.
	frameWithoutChecksum = 1
	// firstWithChecksum is the first frame with a checksum.
	firstWithChecksum = 2
	// oldestFrame is the frame of schemas.OldestFormat. Each later format has the next
	// number.
	oldestFrame = 2
	// latestFrame is the frame of schemas.LatestFormat.
	latestFrame = oldestFrame + schemas.LatestFormat - schemas.OldestFormat
	// maxFrame is the highest number that a later release may give to a frame.
	maxFrame = 31

	commonHeadSize = 17 // format, version and offset: the same in every format
	headSize       = commonHeadSize + 4
)

// Versions are below maxVersion. It tells a row of a later format from random bytes.
const maxVersion = 1 << 48

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// PeekHead decodes the version and offset of an encoded row and checks nothing
// else. For a row of a later release it returns them with ErrLaterFormat.
func PeekHead(raw []byte) (schemas.Head, error) {
	h, _, err := splitFrame(raw)
	return h, err
}

// FormatOf returns the format that an encoded row claims to have.
func FormatOf(raw []byte) int {
	if len(raw) == 0 {
		return 0
	}
	return int(raw[0]) - oldestFrame + schemas.OldestFormat
}

// splitFrame returns the head and the body of an encoded row. The checksum is not
// checked.
func splitFrame(raw []byte) (h schemas.Head, body []byte, err error) {
	if len(raw) < commonHeadSize {
		return h, nil, fmt.Errorf("%d bytes are not a row", len(raw))
	}
	h.Version = int64(binary.BigEndian.Uint64(raw[1:]))
	h.Offset = int64(binary.BigEndian.Uint64(raw[9:]))
	switch f := raw[0]; {
	case f == frameWithoutChecksum:
		return h, raw[commonHeadSize:], nil
	case hasChecksum(raw) && len(raw) >= headSize:
		return h, raw[headSize:], nil
	case f > latestFrame && f <= maxFrame && h.Version > 0 && h.Version < maxVersion && h.Offset >= -1:
		return h, nil, fmt.Errorf("%w: the row has frame %d, this release reads up to %d", ErrLaterFormat, f, latestFrame)
	}
	return schemas.Head{}, nil, fmt.Errorf("%d bytes are not a row of a frame from %d to %d", len(raw), frameWithoutChecksum, latestFrame)
}

// checksum returns the CRC-32C of a row's key, head and body. The key is included
// because a row under another key is corrupt too.
func checksum(key string, commonHead, body []byte) uint32 {
	sum := crc32.Update(0, castagnoli, commonHead)
	sum = crc32.Update(sum, castagnoli, body)
	return crc32.Update(sum, castagnoli, []byte(key))
}

// hasChecksum reports whether this release reads the row's frame and the frame has a
// checksum.
func hasChecksum(raw []byte) bool { return raw[0] >= firstWithChecksum && raw[0] <= latestFrame }

// appendHead appends a head whose checksum is zero, for a row of a format that this
// release can write.
func appendHead(b []byte, format int, h schemas.Head) []byte {
	b = append(b, byte(oldestFrame+format-schemas.OldestFormat))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Offset))
	return append(b, 0, 0, 0, 0)
}

// seal writes the checksum into a row that is otherwise complete.
func seal(key string, raw []byte) {
	sum := checksum(key, raw[:commonHeadSize], raw[headSize:])
	binary.BigEndian.PutUint32(raw[commonHeadSize:], sum)
}

// checkSum returns an error if a row whose frame has a checksum has another one than
// its bytes give.
func checkSum(key string, raw, body []byte) error {
	if !hasChecksum(raw) {
		return nil
	}
	if checksum(key, raw[:commonHeadSize], body) != binary.BigEndian.Uint32(raw[commonHeadSize:]) {
		return errors.New("the checksum does not match the key and the bytes")
	}
	return nil
}
