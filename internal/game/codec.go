package game

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"tabiya/internal/clock"
	"tabiya/internal/rules"
	"tabiya/schemas"
)

// The body of a row:
//
//	uvarint  length of the facts
//	facts    what State's fields hold, see appendFacts
//	uvarint  length of keys
//	keys     8 bytes a position
//	ids      16 bytes an event
//	log      the rest
//
// Reading it copies the facts once, as the string that all of State's strings
// are cut from, and copies nothing else: the cost does not grow with the game.

const (
	bitVoid byte = 1 << iota
	bitRated
	bitWhiteOffers
	bitBlackOffers
	bitPrivate
)

// AppendBody writes the row's body.
func AppendBody(b []byte, s *State) []byte {
	var buf [1024]byte
	facts := s.appendFacts(buf[:0])
	b = binary.AppendUvarint(b, uint64(len(facts)))
	b = append(b, facts...)
	b = binary.AppendUvarint(b, uint64(s.keys.len()))
	b = s.keys.appendTo(b)
	b = s.ids.appendTo(b)
	return s.log.appendTo(b)
}

// SizeOf is at least what AppendBody will write, and little more.
func SizeOf(s *State) int {
	const numbers = 160 // all that is not a string, and all lengths
	strings := len(s.Region) + len(s.Queue) + len(s.FEN) + len(s.unusualStart()) + len(s.RematchOf)
	for _, p := range [...]*schemas.Seated{&s.White, &s.Black} {
		strings += len(p.PlayerID) + len(p.Handle) + len(p.TicketID)
	}
	return numbers + strings + s.keys.len() + s.ids.len() + s.log.len()
}

func (s *State) appendFacts(b []byte) []byte {
	var bits byte
	for _, f := range []struct {
		set bool
		bit byte
	}{{s.Void, bitVoid}, {s.Rated, bitRated}, {s.DrawOffer == schemas.White, bitWhiteOffers}, {s.DrawOffer == schemas.Black, bitBlackOffers}, {s.Private, bitPrivate}} {
		if f.set {
			bits |= f.bit
		}
	}
	b = append(b, bits, byte(slices.Index(results[:], s.Result)), byte(slices.Index(terminations[:], s.Termination)))
	b = appendString(b, s.Region)
	b = appendSeated(b, s.White)
	b = appendSeated(b, s.Black)
	b = appendString(b, s.Queue)
	b = appendString(b, s.FEN)
	for _, n := range [...]int64{
		s.TimeControl.InitialCs, s.TimeControl.IncrementCs, s.Seq, int64(s.CreatedAt), int64(s.UpdatedAt), int64(s.Plies),
		s.Clock.White, s.Clock.Black, int64(s.Clock.Since), int64(s.offered[0]), int64(s.offered[1]),
		s.Clock.WhiteBank, s.Clock.BlackBank,
	} {
		b = binary.AppendVarint(b, n)
	}
	b = appendString(b, s.RematchOf)
	return appendString(b, s.unusualStart())
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

// DecodeBody reads a row's body. The state keeps hold of body, which must not
// change afterwards.
func DecodeBody(key string, head schemas.Head, body []byte) (*State, error) {
	facts, rest, ok := cut(body)
	if !ok {
		return nil, errors.New("the facts are cut short")
	}
	s := &State{ID: key, head: head}
	r := reader{rest: string(facts)}
	s.readFacts(&r)
	if r.bad || r.rest != "" {
		return nil, errors.New("the facts are not in their format")
	}
	keys, rest, ok := cut(rest)
	if !ok || len(keys)%8 != 0 {
		return nil, errors.New("the position keys are cut short")
	}
	if s.Seq < 0 || s.Seq > int64(len(rest)/16) || s.Plies < 0 || int64(s.Plies) > s.Seq {
		return nil, fmt.Errorf("no history of %d events and %d plies in %d bytes", s.Seq, s.Plies, len(rest))
	}
	ids := int(s.Seq) * 16
	s.keys.base, s.ids.base, s.log.base = keys, rest[:ids:ids], rest[ids:]
	return s, nil
}

func (s *State) readFacts(r *reader) {
	bits := r.byte()
	result, termination := int(r.byte()), int(r.byte())
	if result >= len(results) || termination >= len(terminations) {
		r.bad = true
		return
	}
	s.Result, s.Termination = results[result], terminations[termination]
	s.Void, s.Rated, s.Private = bits&bitVoid != 0, bits&bitRated != 0, bits&bitPrivate != 0
	switch {
	case bits&bitWhiteOffers != 0:
		s.DrawOffer = schemas.White
	case bits&bitBlackOffers != 0:
		s.DrawOffer = schemas.Black
	}
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
	s.offered = [2]int{int(r.varint()), int(r.varint())}
	s.setStart(rules.StartFEN)
	if r.rest == "" {
		return // a row from before there were lag banks
	}
	s.Clock.WhiteBank, s.Clock.BlackBank = r.varint(), r.varint()
	s.RematchOf = r.string()
	if fen := r.string(); fen != "" {
		s.setStart(fen)
	}
}

// cut takes a length and that many bytes off b.
func cut(b []byte) (piece, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n > uint64(len(b)-width) {
		return nil, nil, false
	}
	end := width + int(n)
	return b[width:end:end], b[end:], true
}

// reader takes facts off a string; bad stays set once anything was missing.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) take(n int) string {
	if r.bad || n < 0 || n > len(r.rest) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.bad = true
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
	for range 8 {
		n = n<<8 | uint64(r.byte())
	}
	return math.Float64frombits(n)
}

func (r *reader) seated() schemas.Seated {
	return schemas.Seated{
		PlayerID: r.string(), Handle: r.string(), TicketID: r.string(),
		Rating: r.float(), Deviation: r.float(), Attempt: int(r.varint()),
	}
}
