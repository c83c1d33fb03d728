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
var ErrLaterFormat = errors.New("the row is of a later format")

const (
	// format is the format that Encode writes.
	format = 2
	// formatWithoutChecksum is the format of the previous release, which Decode
	// reads.
	formatWithoutChecksum = 1
	// maxFormat is the highest number that a later release may give to a format.
	maxFormat = 31

	commonHeadSize = 17 // format, version and offset: the same in every format
	headSize       = commonHeadSize + 4
)

// Versions are below maxVersion. It tells a row of a later format from random bytes.
const maxVersion = 1 << 48

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// PeekHead decodes the version and offset of an encoded row and checks nothing
// else. Returns ErrLaterFormat for a row of a later release.
func PeekHead(raw []byte) (schemas.Head, error) {
	h, _, err := splitFrame(raw)
	return h, err
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
	case f == formatWithoutChecksum:
		return h, raw[commonHeadSize:], nil
	case f == format && len(raw) >= headSize:
		return h, raw[headSize:], nil
	case f > format && f <= maxFormat && h.Version > 0 && h.Version < maxVersion && h.Offset >= -1:
		return schemas.Head{}, nil, fmt.Errorf("%w: %d, this release reads up to %d", ErrLaterFormat, f, format)
	}
	return schemas.Head{}, nil, fmt.Errorf("%d bytes are not a row of format %d", len(raw), format)
}

// checksum returns the CRC-32C of a row's key, head and body. The key is included
// because a row under another key is corrupt too.
func checksum(key string, commonHead, body []byte) uint32 {
	sum := crc32.Update(0, castagnoli, commonHead)
	sum = crc32.Update(sum, castagnoli, body)
	return crc32.Update(sum, castagnoli, []byte(key))
}

// appendHead appends a head whose checksum is zero.
func appendHead(b []byte, h schemas.Head) []byte {
	b = append(b, format)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Offset))
	return append(b, 0, 0, 0, 0)
}

// seal writes the checksum into a row that is otherwise complete.
func seal(key string, raw []byte) {
	sum := checksum(key, raw[:commonHeadSize], raw[headSize:])
	binary.BigEndian.PutUint32(raw[commonHeadSize:], sum)
}

// checkSum returns an error if a row of the present format has another checksum
// than its bytes give.
func checkSum(key string, raw, body []byte) error {
	if raw[0] != format {
		return nil
	}
	if checksum(key, raw[:commonHeadSize], body) != binary.BigEndian.Uint32(raw[commonHeadSize:]) {
		return errors.New("the checksum does not match the key and the bytes")
	}
	return nil
}
