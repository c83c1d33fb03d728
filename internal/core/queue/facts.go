package queue

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// kind is the kind of a fact. The values are stored: append only.
type kind uint8

const (
	entered   kind = iota + 1 // white's ticket entered the queue
	left                      // white's ticket was withdrawn
	found                     // white and black were matched
	confirmed                 // their game started
	failed                    // their game did not start in time; both tickets return
	refused                   // a command about white's ticket was refused

	foundNamed  // white and black took their seats for the game that they agreed on
	failedNamed // that game did not start in time; both seats are released
	released    // white's seat is released, without an event
	pairFailed  // the named game is not played, without an event; white, if any, is whose seat it was
)

// fact is one result of a command, with everything its messages are made of. Which
// fields are set depends on the kind. If it is about one ticket, that is white.
type fact struct {
	kind         kind
	seq          int64 // of its event; 0 if refused
	white, black Party
	game         uuid.UUID    // found, confirmed, failed
	deadline     schemas.Time // found
	waiting      int          // entered: number of waiting tickets, including this one
	code         schemas.Code // refused

	named  *schemas.NamedGame  // foundNamed
	before uuid.UUID           // pairFailed: the game of which it was the rematch
	why    schemas.SeatRefusal // pairFailed
}

// appendFact encodes a fact of a command, without what its Entry already says.
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
	case released:
		return append(append(b, f.white.TicketID[:]...), f.white.PlayerID[:]...)
	case pairFailed:
		b = append(append(append(b, f.game[:]...), f.before[:]...), f.white.PlayerID[:]...)
		return appendText(b, string(f.why))
	case left, refused:
		b = append(append(b, f.white.TicketID[:]...), f.white.PlayerID[:]...)
		return appendText(b, string(f.code))
	default:
		b = binary.AppendVarint(append(b, f.game[:]...), int64(f.deadline-at))
		b = appendParty(appendParty(b, &f.white), &f.black)
		if f.kind == foundNamed {
			b = appendNamed(b, f.named, at)
		}
		return b
	}
}

// appendNamed encodes what a fact's parties and game do not say of a named game.
func appendNamed(b []byte, g *schemas.NamedGame, at schemas.Time) []byte {
	b = binary.AppendVarint(binary.AppendVarint(b, g.TimeControl.InitialCs), g.TimeControl.IncrementCs)
	b = appendText(appendFlag(appendFlag(b, g.Rated), g.Private), g.FEN)
	return binary.AppendVarint(appendText(b, g.RematchOf), int64(g.Deadline-at))
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

// facts decodes what appendFact wrote. It returns the facts before the first malformed
// one.
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
		case released:
			f.white.TicketID, f.white.PlayerID = r.id(), r.id()
		case pairFailed:
			f.game, f.before, f.white.PlayerID, f.why = r.id(), r.id(), r.id(), schemas.SeatRefusal(r.text())
		case found, confirmed, failed, foundNamed, failedNamed:
			f.game, f.deadline = r.id(), e.At+schemas.Time(r.int())
			f.white, f.black = r.party(), r.party()
			if f.kind == foundNamed {
				f.named = r.named(&f, e.At)
			}
		default:
			return facts
		}
		facts = append(facts, f)
	}
	return facts
}

type factReader struct{ b []byte }

// take returns the next n bytes, or n zeros if there are fewer.
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

func (r *factReader) flag() bool { return r.take(1)[0] == 1 }

func (r *factReader) named(f *fact, at schemas.Time) *schemas.NamedGame {
	return &schemas.NamedGame{
		GameID: f.game.String(), WhiteID: f.white.PlayerID.String(), BlackID: f.black.PlayerID.String(),
		TimeControl: schemas.TimeControl{InitialCs: r.int(), IncrementCs: r.int()},
		Rated:       r.flag(), Private: r.flag(), FEN: r.text(), RematchOf: r.text(), Deadline: at + schemas.Time(r.int()),
	}
}
