package row

import (
	"encoding/binary"
	"math"

	"tabiya/schemas"
)

// reader reads facts off a string. Once something is missing or malformed,
// failed stays true and every later read returns zero.
type reader struct {
	rest   string
	failed bool
}

func (r *reader) fail() { r.rest, r.failed = "", true }

func (r *reader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) byte() byte {
	if r.rest == "" {
		r.fail()
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.fail()
	return 0
}

func (r *reader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) string() string { return r.take(r.uvarint()) }

func (r *reader) float() float64 {
	var n uint64
	for _, c := range []byte(r.take(8)) {
		n = n<<8 | uint64(c)
	}
	return math.Float64frombits(n)
}

func (r *reader) seated() schemas.Seated {
	return schemas.Seated{
		PlayerID: r.string(), Handle: r.string(), TicketID: r.string(),
		Rating: r.float(), Deviation: r.float(), Attempt: int(r.varint()),
	}
}
