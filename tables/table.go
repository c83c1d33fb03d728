// Package tables defines the Kafka-backed tables: one for each aggregate, written by
// one Goka group and read by any service through a View.
//
// An encoded row is
//
//	byte 0      format, 1
//	bytes 1-8   version, big endian: counts the row's changes
//	bytes 9-16  place of the last command that changed the row, big endian: its
//	            generation and offset (schemas.Place)
//	bytes 17-   the body, in the table's own codec
//
// A reader can compare the versions of two rows without decoding their bodies.
package tables

import (
	"encoding/binary"
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

const (
	format   = 1
	headSize = 17
)

// Encode encodes a row with its frame.
func (t Table[R]) Encode(row R) []byte {
	h := row.Head()
	size := 1024
	if t.SizeHint != nil {
		size = headSize + t.SizeHint(row)
	}
	b := make([]byte, headSize, size)
	b[0] = format
	binary.BigEndian.PutUint64(b[1:], uint64(h.Version))
	binary.BigEndian.PutUint64(b[9:], uint64(h.Offset))
	return t.AppendBody(b, row)
}

// Decode decodes an encoded row. It returns an error for malformed bytes and never
// panics.
func (t Table[R]) Decode(key string, raw []byte) (R, error) {
	h, err := PeekHead(raw)
	if err != nil {
		var none R
		return none, fmt.Errorf("decode %s row %q: %w", t.Topic, key, err)
	}
	row, err := t.DecodeBody(key, h, raw[headSize:])
	if err != nil {
		var none R
		return none, fmt.Errorf("decode %s row %q: %w", t.Topic, key, err)
	}
	return row, nil
}

// PeekHead decodes the version and offset of an encoded row.
func PeekHead(raw []byte) (schemas.Head, error) {
	if len(raw) < headSize || raw[0] != format {
		return schemas.Head{}, fmt.Errorf("%d bytes are not a row of format %d", len(raw), format)
	}
	return schemas.Head{
		Version: int64(binary.BigEndian.Uint64(raw[1:])),
		Offset:  int64(binary.BigEndian.Uint64(raw[9:])),
	}, nil
}
