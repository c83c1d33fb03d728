package tables

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/google/uuid"
)

// The body of a player's or queue's row is a format byte and a sequence of fields:
// varints, 8-byte floats, strings after their length, and ids of 16 bytes. A new
// field needs a new format.

var errBody = errors.New("the body is truncated or malformed")

func appendInt(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendString(b []byte, s string) []byte { return append(appendCount(b, len(s)), s...) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendFloat(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(b, math.Float64bits(v))
}

// appendID appends an id in 17 bytes if it is a canonical UUID, else as a string.
func appendID(b []byte, id string) []byte {
	if u, err := uuid.Parse(id); err == nil && u.String() == id {
		return append(append(b, 1), u[:]...)
	}
	return appendString(append(b, 0), id)
}

// bodyReader reads what the append functions wrote. The first read that fails sets
// err; all later ones return zero values.
type bodyReader struct {
	b   []byte
	err error
}

func (r *bodyReader) fail() { r.b, r.err = nil, errBody }

func (r *bodyReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the length of a list whose elements take at least size bytes each. A
// length that the rest of the body cannot hold is an error, so that a malformed body
// cannot make the reader allocate more memory than the body takes.
func (r *bodyReader) count(size int) int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > uint64(len(r.b)-n)/uint64(size) {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *bodyReader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *bodyReader) string() string { return string(r.bytes(r.count(1))) }

func (r *bodyReader) byte() byte {
	if v := r.bytes(1); len(v) == 1 {
		return v[0]
	}
	return 0
}

func (r *bodyReader) bool() bool { return r.byte() == 1 }

func (r *bodyReader) float() float64 {
	if v := r.bytes(8); len(v) == 8 {
		return math.Float64frombits(binary.BigEndian.Uint64(v))
	}
	return 0
}

func (r *bodyReader) uint64() uint64 {
	if v := r.bytes(8); len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (r *bodyReader) uint32() uint32 {
	if v := r.bytes(4); len(v) == 4 {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (r *bodyReader) uuid() (id uuid.UUID) {
	copy(id[:], r.bytes(len(id)))
	return id
}

func (r *bodyReader) id() string {
	if r.bool() {
		id := r.uuid()
		if r.err != nil {
			return ""
		}
		return id.String()
	}
	return r.string()
}

// list reads a list and returns nil for an empty one.
func list[E any](r *bodyReader, size int, element func() E) []E {
	n := r.count(size)
	if n == 0 {
		return nil
	}
	out := make([]E, 0, n)
	for range n {
		out = append(out, element())
	}
	return out
}

// end returns the first error, or an error if bytes are left over.
func (r *bodyReader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = errBody
	}
	return r.err
}
