// Package tables defines the Kafka-backed tables: one for each aggregate, written by
// one Goka group and read by any service through a View.
//
// An encoded row is
//
//	byte 0       frame, 2
//	bytes 1-8    version, big endian: counts the row's changes
//	bytes 9-16   place of the last command that changed the row, big endian: its
//	             generation and offset (schemas.Place)
//	bytes 17-20  CRC-32C of bytes 0-16, the body and the key, big endian
//	bytes 21-    the body, in the table's own codec
//
// Frame 1 has no checksum: its body begins at byte 17. A reader can compare the
// versions of two rows without decoding their bodies.
//
// A release that changes the frame or a body's codec has the next schemas.LatestFormat
// and so the next number in byte 0. It keeps bytes 0-16 as they are, so that an older
// release tells a newer row (ErrLaterFormat) from a corrupt one.
package tables

import (
	"fmt"

	"tabiya/schemas"
)

// Table describes a table, its codec, and the topics of its aggregate. R is a
// pointer.
type Table[R Row] struct {
	Group    string // the Goka group that owns the table
	Topic    string // Group + "-table"
	Commands string // topic
	Events   string // topic
	// AppendBody appends a row's body, and DecodeBody decodes one. The row may alias
	// body, so the caller of DecodeBody must not change body afterwards.
	AppendBody func(b []byte, row R) []byte
	DecodeBody func(key string, head schemas.Head, body []byte) (R, error)
	// Check, if set, returns an error for a row with corrupt parts that DecodeBody
	// left unread. Decode calls it for rows without a checksum, and readers that a panic
	// would end for all: a checksum does not say that this release knows all parts.
	Check func(row R) error
	// SizeHint, if set, returns how many bytes AppendBody will append, so that
	// Encode needs one allocation.
	SizeHint func(row R) int
}

// Row is the type of a table's rows.
type Row interface {
	// Head returns the row's version and the offset of the last command that
	// changed it.
	Head() schemas.Head
}

// Encode encodes the row of a key in schemas.OldestFormat.
func (t Table[R]) Encode(key string, row R) []byte { return t.EncodeAs(schemas.OldestFormat, key, row) }

// EncodeAs encodes the row of a key with its frame, in a format from
// schemas.OldestFormat to schemas.LatestFormat.
func (t Table[R]) EncodeAs(format int, key string, row R) []byte {
	size := 1024
	if t.SizeHint != nil {
		size = headSize + t.SizeHint(row)
	}
	b := t.AppendBody(appendHead(make([]byte, 0, size), format, row.Head()), row)
	seal(key, b)
	return b
}

// Decode decodes the encoded row of a key. It returns an error for malformed bytes
// and for the row of another key, ErrLaterFormat for a row of a later release, and
// never panics.
func (t Table[R]) Decode(key string, raw []byte) (row R, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			var none R
			row, err = none, fmt.Errorf("decode %s row %q: %w", t.Topic, key, err)
		}
	}()
	h, body, err := splitFrame(raw)
	if err != nil {
		return row, err
	}
	if err := checkSum(key, raw, body); err != nil {
		return row, err
	}
	if row, err = t.DecodeBody(key, h, body); err != nil {
		return row, err
	}
	if raw[0] == frameWithoutChecksum && t.Check != nil {
		err = t.Check(row)
	}
	return row, err
}

// Verify returns an error if Decode would return one. It costs less, because the
// checksum stands for the body.
func (t Table[R]) Verify(key string, raw []byte) error {
	_, body, err := splitFrame(raw)
	if err == nil && hasChecksum(raw) {
		if err = checkSum(key, raw, body); err == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("verify %s row %q: %w", t.Topic, key, err)
	}
	_, err = t.Decode(key, raw)
	return err
}
