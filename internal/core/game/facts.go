package game

import (
	"encoding/binary"
	"math"
	"slices"

	"tabiya/internal/core/clock"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// appendFacts writes what State's fields hold. Rows outlive the code that wrote
// them: what is new goes to the end, and may be missing.
func (s *State) appendFacts(b []byte) []byte {
	b = append(b, packed(s.Void, s.Rated, s.DrawOffer == schemas.White, s.DrawOffer == schemas.Black, s.Private),
		byte(slices.Index(results[:], s.Result)), byte(slices.Index(terminations[:], s.Termination)))
	b = appendString(b, s.Region)
	b = appendSeated(b, s.White)
	b = appendSeated(b, s.Black)
	b = appendString(b, s.Queue)
	b = appendString(b, s.FEN)
	for _, n := range [...]int64{
		s.TimeControl.InitialCs, s.TimeControl.IncrementCs, s.Seq, int64(s.CreatedAt), int64(s.UpdatedAt), int64(s.Plies),
		s.Clock.White, s.Clock.Black, int64(s.Clock.Since), int64(s.sides[0].drawOffered), int64(s.sides[1].drawOffered),
		s.Clock.WhiteBank, s.Clock.BlackBank,
	} {
		b = binary.AppendVarint(b, n)
	}
	b = appendString(b, s.RematchOf)
	b = appendString(b, s.unusualStart())
	b = append(b, packed(s.TakebackOffer == schemas.White, s.TakebackOffer == schemas.Black,
		s.RematchOffer == schemas.White, s.RematchOffer == schemas.Black, s.rematched))
	b = s.sides[0].appendTo(b)
	b = s.sides[1].appendTo(b)
	b = binary.AppendVarint(b, int64(s.endedAt))
	return binary.AppendUvarint(b, uint64(s.heads.len()))
}

// readFacts also gives the length of the heads, or whether the ids are whole:
// rows were once written so.
func (s *State) readFacts(r *reader) (heads uint64, whole bool) {
	bits := r.byte()
	result, termination := int(r.byte()), int(r.byte())
	if result >= len(results) || termination >= len(terminations) {
		r.bad = true
		return 0, false
	}
	s.Result, s.Termination = results[result], terminations[termination]
	s.Void, s.Rated, s.DrawOffer, s.Private = bits&1 != 0, bits&2 != 0, colorOf(bits>>2), bits&16 != 0
	s.Region = r.string()
	s.White = r.seated()
	s.Black = r.seated()
	s.Queue = r.string()
	s.FEN = r.string()
	s.TimeControl = schemas.TimeControl{InitialCs: r.varint(), IncrementCs: r.varint()}
	s.Seq = r.varint()
	s.CreatedAt, s.UpdatedAt = schemas.Time(r.varint()), schemas.Time(r.varint())
	s.Plies = int(r.varint())
	s.Clock = clock.New(s.TimeControl, s.CreatedAt)
	s.Clock.White, s.Clock.Black, s.Clock.Since = r.varint(), r.varint(), schemas.Time(r.varint())
	s.sides[0].drawOffered, s.sides[1].drawOffered = int(r.varint()), int(r.varint())
	s.setStart(rules.StartFEN)
	if r.rest == "" { // the first format ended here
		if s.Over() {
			s.endedAt = s.UpdatedAt
		}
		return 0, true
	}
	s.Clock.WhiteBank, s.Clock.BlackBank = r.varint(), r.varint()
	s.RematchOf = r.string()
	if fen := r.string(); fen != "" {
		s.setStart(fen)
	}
	offers := r.byte()
	s.TakebackOffer, s.RematchOffer, s.rematched = colorOf(offers), colorOf(offers>>2), offers&16 != 0
	s.sides[0].read(r)
	s.sides[1].read(r)
	s.endedAt = schemas.Time(r.varint())
	if r.rest == "" {
		return 0, true
	}
	return r.uvarint(), false
}

// colorOf reads two flags, of which one at most is set.
func colorOf(bits byte) schemas.Color {
	switch {
	case bits&1 != 0:
		return schemas.White
	case bits&2 != 0:
		return schemas.Black
	}
	return ""
}

// unusualStart is the starting position, "" for the usual one.
func (s *State) unusualStart() string {
	if s.StartFEN == rules.StartFEN {
		return ""
	}
	return s.StartFEN
}

func appendSeated(b []byte, p schemas.Seated) []byte {
	b = appendString(b, p.PlayerID)
	b = appendString(b, p.Handle)
	b = appendString(b, p.TicketID)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(p.Rating))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(p.Deviation))
	return binary.AppendVarint(b, int64(p.Attempt))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes facts off a string; bad stays set once anything was missing.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) fail() { r.rest, r.bad = "", true }

func (r *reader) take(n int) string {
	if n < 0 || n > len(r.rest) {
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

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	return r.take(int(n))
}

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
