// Package tables says which state lives in Kafka-backed tables: one table an
// aggregate, written by one Goka group alone and read by anybody through a View.
//
// Every row is framed
//
//	byte 0      format, 1
//	bytes 1-8   version, big endian: counts the row's changes
//	bytes 9-16  offset of the last command that changed it, big endian
//	bytes 17-   the body, in the table's own codec
//
// so that a recovery can refuse to go backwards without decoding anything.
package tables

import (
	"encoding/binary"
	"fmt"

	"tabiya/schemas"
)

// Table is one Kafka-backed table with the topics around it. R is a pointer.
type Table[R Row] struct {
	Group    string // the Goka group that owns it; its topic is Group + "-table"
	Topic    string
	Commands string
	Events   string
	// AppendBody appends a row's body; DecodeBody reads one. body must not be
	// kept or changed by DecodeBody's caller afterwards: the row may alias it.
	AppendBody func(b []byte, row R) []byte
	DecodeBody func(key string, head schemas.Head, body []byte) (R, error)
	// SizeHint, if set, is how many bytes AppendBody is going to need: a row is
	// then written into one allocation.
	SizeHint func(row R) int
}

// Row is what every table's row can tell about itself.
type Row interface {
	// Head is the frame: the number of changes and the last changing command.
	Head() schemas.Head
}

const (
	format   = 1
	headSize = 17
)

// Encode frames and encodes a row.
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

// Decode reads a framed row. Any bytes at all give a row or an error.
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

// PeekHead reads a raw row's frame alone.
func PeekHead(raw []byte) (schemas.Head, error) {
	if len(raw) < headSize || raw[0] != format {
		return schemas.Head{}, fmt.Errorf("%d bytes are not a framed row of format %d", len(raw), format)
	}
	return schemas.Head{
		Version: int64(binary.BigEndian.Uint64(raw[1:])),
		Offset:  int64(binary.BigEndian.Uint64(raw[9:])),
	}, nil
}
