package row

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"tabiya/internal/core/clock"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

func (r *Row) appendFacts(b []byte) []byte {
	b = append(b, packed(r.Void, r.Rated, r.DrawOffer == schemas.White, r.DrawOffer == schemas.Black, r.Private),
		byte(slices.Index(results[:], r.Result)), byte(slices.Index(terminations[:], r.Termination)))
	b = appendString(b, r.Region)
	b = appendSeated(b, &r.White)
	b = appendSeated(b, &r.Black)
	b = appendString(b, r.Queue)
	b = appendString(b, r.FEN)
	for _, n := range [...]int64{
		r.TimeControl.InitialCs, r.TimeControl.IncrementCs, r.Seq, int64(r.CreatedAt), int64(r.UpdatedAt), int64(r.Plies),
		r.Clock.White, r.Clock.Black, int64(r.Clock.Since), int64(r.Sides[0].LastDrawOffer), int64(r.Sides[1].LastDrawOffer),
		r.Clock.WhiteBank, r.Clock.BlackBank,
	} {
		b = binary.AppendVarint(b, n)
	}
	b = appendString(b, r.RematchOf)
	b = appendString(b, r.storedStart())
	b = append(b, packed(r.TakebackOffer == schemas.White, r.TakebackOffer == schemas.Black,
		r.RematchOffer == schemas.White, r.RematchOffer == schemas.Black, r.Rematched, r.RematchFailed))
	b = r.Sides[0].appendTo(b)
	b = r.Sides[1].appendTo(b)
	b = binary.AppendVarint(b, int64(r.EndedAt))
	b = binary.AppendUvarint(b, uint64(r.History.prefixes.len()))
	if r.Clock.RestoredTo != 0 || r.WaitingSince != 0 {
		for _, n := range [...]int64{r.Clock.Restored, int64(r.Clock.RestoredTo), int64(r.WaitingSince)} {
			b = binary.AppendVarint(b, n)
		}
	}
	return b
}

// layout is what the facts tell about the history behind them.
type layout struct {
	prefixes uint64 // length in bytes
	wholeIDs bool   // versions 1 and 2
}

func (r *Row) readFacts(facts string) (layout, error) {
	f := reader{rest: facts}
	l := r.readVersions(&f)
	if f.failed || f.rest != "" {
		return layout{}, errors.New("the facts are not in their format")
	}
	return l, nil
}

func (r *Row) readVersions(f *reader) layout {
	r.readVersion1(f)
	if f.rest == "" {
		if r.Termination != "" {
			r.EndedAt = r.UpdatedAt
		}
		return layout{wholeIDs: true}
	}
	r.readVersion2(f)
	if f.rest == "" {
		return layout{wholeIDs: true}
	}
	l := layout{prefixes: f.uvarint()}
	if f.rest != "" {
		r.Clock.Restored, r.Clock.RestoredTo, r.WaitingSince = f.varint(), schemas.Time(f.varint()), schemas.Time(f.varint())
	}
	return l
}

// readVersion1 also sets what version 1 did not store.
func (r *Row) readVersion1(f *reader) {
	bits := f.byte()
	result, termination := int(f.byte()), int(f.byte())
	if result >= len(results) || termination >= len(terminations) {
		f.fail()
		return
	}
	r.Result, r.Termination = results[result], terminations[termination]
	r.Void, r.Rated, r.DrawOffer, r.Private = bits&1 != 0, bits&2 != 0, colorOf(bits>>2), bits&16 != 0
	r.Region = f.string()
	r.White = f.seated()
	r.Black = f.seated()
	r.Queue = f.string()
	r.FEN = f.string()
	r.TimeControl = schemas.TimeControl{InitialCs: f.varint(), IncrementCs: f.varint()}
	r.Seq = f.varint()
	r.CreatedAt, r.UpdatedAt = schemas.Time(f.varint()), schemas.Time(f.varint())
	r.Plies = int(f.varint())
	r.Clock = clock.New(r.TimeControl, r.CreatedAt) // with the lag banks of a new game
	r.Clock.White, r.Clock.Black, r.Clock.Since = f.varint(), f.varint(), schemas.Time(f.varint())
	r.Sides[0].LastDrawOffer, r.Sides[1].LastDrawOffer = int(f.varint()), int(f.varint())
	r.StartFEN = rules.StartFEN
}

func (r *Row) readVersion2(f *reader) {
	r.Clock.WhiteBank, r.Clock.BlackBank = f.varint(), f.varint()
	r.RematchOf = f.string()
	if fen := f.string(); fen != "" {
		r.StartFEN = fen
	}
	offers := f.byte()
	r.TakebackOffer, r.RematchOffer, r.Rematched = colorOf(offers), colorOf(offers>>2), offers&16 != 0
	r.RematchFailed = offers&32 != 0
	r.Sides[0].read(f)
	r.Sides[1].read(f)
	r.EndedAt = schemas.Time(f.varint())
}

// storedStart is the starting position as it is stored: "" for the usual one.
func (r *Row) storedStart() string {
	if r.StartFEN == rules.StartFEN {
		return ""
	}
	return r.StartFEN
}

// packed puts the first flag into the lowest bit, and so on.
func packed(flags ...bool) (bits byte) {
	for i, set := range flags {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// colorOf reads two flags, of which at most one is set.
func colorOf(bits byte) schemas.Color {
	switch {
	case bits&1 != 0:
		return schemas.White
	case bits&2 != 0:
		return schemas.Black
	}
	return ""
}

func appendSeated(b []byte, p *schemas.Seated) []byte {
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
