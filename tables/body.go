package tables

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/google/uuid"
)

// The bodies of players and queues are a plain sequence of fields: varints,
// 8-byte floats, strings behind their length, ids of 16 bytes. A new field goes
// behind a new format byte, the first of the body.

var errBody = errors.New("the body is cut short or malformed")

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

// appendID packs an id that is a canonical UUID into 17 bytes; any other string
// is kept as it is.
func appendID(b []byte, id string) []byte {
	if u, err := uuid.Parse(id); err == nil && u.String() == id {
		return append(append(b, 1), u[:]...)
	}
	return appendString(append(b, 0), id)
}

// bodyReader reads what the append functions wrote. After the first thing that
// is not there all its answers are zero and err is set.
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

// count reads the length of a list whose elements take at least size bytes each,
// so that a hostile body cannot ask for more memory than it is long.
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

// list reads a list; a nil slice is an empty list.
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

// end is the error of the whole reading; bytes left over are an error too.
func (r *bodyReader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = errBody
	}
	return r.err
}
