package queue

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// kind tells facts apart. The numbers are in rows: append only.
type kind uint8

const (
	entered   kind = iota + 1 // white's ticket waits
	left                      // white's ticket is withdrawn
	found                     // white and black are matched
	confirmed                 // their game has started
	failed                    // it has not; both return
	refused                   // a command about white's ticket was refused
)

// fact is one thing that happened: all that its messages are made of. Which
// fields it uses depends on its kind.
type fact struct {
	kind         kind
	seq          int64 // of its event; a refused has none
	white, black Party
	game         uuid.UUID    // found, confirmed, failed
	deadline     schemas.Time // found
	waiting      int          // entered: tickets that wait, this one included
	code         schemas.Code // refused
}

// appendFact writes a fact of a command; what the entry says already is left out.
func appendFact(b []byte, f *fact, command uuid.UUID, at schemas.Time) []byte {
	b = binary.AppendVarint(append(b, byte(f.kind)), f.seq)
	switch f.kind {
	case entered:
		same := f.white.TicketID == command
		if b = appendFlag(b, same); !same {
			b = append(b, f.white.TicketID[:]...)
		}
		b = appendFloat(append(b, f.white.PlayerID[:]...), f.white.Rating)
		return binary.AppendUvarint(b, uint64(f.waiting))
	case left, refused:
		b = append(append(b, f.white.TicketID[:]...), f.white.PlayerID[:]...)
		return appendText(b, string(f.code))
	default:
		b = binary.AppendVarint(append(b, f.game[:]...), int64(f.deadline-at))
		return appendParty(appendParty(b, &f.white), &f.black)
	}
}

func appendParty(b []byte, p *Party) []byte {
	b = appendText(append(append(b, p.TicketID[:]...), p.PlayerID[:]...), p.Handle)
	return binary.AppendUvarint(appendFloat(appendFloat(b, p.Rating), p.Deviation), uint64(p.Attempt))
}

func appendFloat(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(b, math.Float64bits(v))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFlag(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// facts reads what appendFact wrote. Rows are ours, but any bytes at all end in
// facts or in none.
func (e *Entry) facts() (facts []fact) {
	r := factReader{e.Facts}
	for len(r.b) > 0 {
		f := fact{kind: kind(r.take(1)[0]), seq: r.int()}
		switch f.kind {
		case entered:
			if f.white.TicketID = e.CommandID; r.take(1)[0] == 0 {
				f.white.TicketID = r.id()
			}
			f.white.PlayerID, f.white.Rating, f.waiting = r.id(), r.float(), int(r.uint())
		case left, refused:
			f.white.TicketID, f.white.PlayerID, f.code = r.id(), r.id(), schemas.Code(r.text())
		case found, confirmed, failed:
			f.game, f.deadline = r.id(), e.At+schemas.Time(r.int())
			f.white, f.black = r.party(), r.party()
		default:
			return facts
		}
		facts = append(facts, f)
	}
	return facts
}

type factReader struct{ b []byte }

// take gives n bytes, zeros where there are none.
func (r *factReader) take(n int) []byte {
	if n > len(r.b) {
		r.b = nil
		return make([]byte, n)
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *factReader) int() int64 {
	v, n := binary.Varint(r.b)
	r.take(max(n, 0))
	return v
}

func (r *factReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(max(n, 0))
	return v
}

func (r *factReader) float() float64 {
	return math.Float64frombits(binary.BigEndian.Uint64(r.take(8)))
}

func (r *factReader) id() uuid.UUID { return uuid.UUID(r.take(16)) }

func (r *factReader) text() string {
	n := r.uint()
	return string(r.take(int(min(n, uint64(len(r.b))))))
}

func (r *factReader) party() Party {
	return Party{
		TicketID: r.id(), PlayerID: r.id(), Handle: r.text(), Rating: r.float(), Deviation: r.float(),
		Attempt: int(r.uint()),
	}
}
