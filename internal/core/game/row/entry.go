package row

import (
	"encoding/binary"
	"fmt"
	"slices"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// Entry is one event of the history, without what follows from the entries before
// it. Which fields are set depends on the kind.
type Entry struct {
	Seq         int64
	Kind        Kind
	TwoPlies    bool       // KindTakebackAccepted: two plies were taken back, not one
	Explicit    bool       // KindPlayerLeft: the player said so
	Waiting     bool       // KindTimeRestored: the game waits for both players
	Move        rules.Move // of moves
	At          schemas.Time
	Centis      int64         // given back for a move's lag, added to a clock, or restored
	Color       schemas.Color // whose offer, disconnect and so on it is
	Result      schemas.Result
	Termination schemas.Termination
	Refusal     schemas.SeatRefusal // KindRematchFailed
}

const (
	flagBlack    = 1 << iota
	flagTwoPlies // of KindTakebackAccepted
	flagExplicit = flagTwoPlies
	flagWaiting  = flagTwoPlies
	flagByPlayer = flagTwoPlies

	// refusalShift is where the index into refusals stands in the flags.
	refusalShift = 2
)

func (e *Entry) flags() (bits byte) {
	if e.Color == schemas.Black {
		bits |= flagBlack
	}
	if e.TwoPlies {
		bits |= flagTwoPlies
	}
	if e.Explicit {
		bits |= flagExplicit
	}
	if e.Waiting {
		bits |= flagWaiting
	}
	if e.Kind == KindAborted && e.Color != "" {
		bits |= flagByPlayer
	}
	if e.Kind == KindRematchFailed {
		bits |= byte(max(0, slices.Index(refusals[:], e.Refusal))) << refusalShift
	}
	return bits
}

func (e *Entry) setFlags(bits byte) {
	e.Color = schemas.White
	if bits&flagBlack != 0 {
		e.Color = schemas.Black
	}
	e.TwoPlies = e.Kind == KindTakebackAccepted && bits&flagTwoPlies != 0
	e.Explicit = e.Kind == KindPlayerLeft && bits&flagExplicit != 0
	e.Waiting = e.Kind == KindTimeRestored && bits&flagWaiting != 0
	if e.Kind == KindRematchFailed {
		e.Refusal = refusals[min(int(bits>>refusalShift), len(refusals)-1)]
		if e.Refusal == schemas.NoAnswer {
			e.Color = "" // it is nobody's fault
		}
	}
}

// storedKind is the kind as it is stored, and whether centiseconds follow.
func (e *Entry) storedKind() (kind Kind, centis bool) {
	switch {
	case e.Kind == KindMove && e.Centis != 0:
		return storedLagMove, true
	case e.Kind == KindLastMove && e.Centis != 0:
		return storedLastLagMove, true
	default:
		return e.Kind, hasCentis(e.Kind)
	}
}

// kindOf is the reverse of storedKind.
func kindOf(stored Kind) (kind Kind, centis bool) {
	switch stored {
	case storedLagMove:
		return KindMove, true
	case storedLastLagMove:
		return KindLastMove, true
	default:
		return stored, hasCentis(stored)
	}
}

func hasCentis(kind Kind) bool { return kind == KindTimeAdded || kind == KindTimeRestored }

// appendEntry appends an entry; since is the time of the one before.
func appendEntry(b []byte, e *Entry, since schemas.Time) ([]byte, error) {
	kind, centis := e.storedKind()
	switch {
	case e.Kind.IsMove():
		b = append(b, byte(kind)<<4|byte(e.Move>>16), byte(e.Move>>8), byte(e.Move))
	case kind > storedWide:
		b = append(b, byte(storedWide)<<4|e.flags(), byte(kind))
	default:
		b = append(b, byte(kind)<<4|e.flags())
	}
	if e.Kind.terminal() {
		result, termination := slices.Index(results[:], e.Result), slices.Index(terminations[:], e.Termination)
		if result < 0 || termination < 1 {
			return nil, fmt.Errorf("unknown result %.40q or termination %.40q", e.Result, e.Termination)
		}
		b = append(b, byte(result), byte(termination))
	}
	b = binary.AppendVarint(b, int64(e.At-since))
	if centis {
		b = binary.AppendUvarint(b, uint64(e.Centis))
	}
	return b, nil
}

// readEntry reads the first entry of b and returns its length, or 0 if it is
// corrupt. The entry's time is relative to the one before.
func readEntry(b []byte) (e Entry, n int) {
	if len(b) < 2 {
		return e, 0
	}
	stored := Kind(b[0] >> 4)
	n = 1
	if stored == storedWide {
		stored, n = Kind(b[1]), 2
		if stored <= storedWide {
			return e, 0
		}
	}
	var centis bool
	if e.Kind, centis = kindOf(stored); !e.Kind.known() {
		return e, 0
	}
	switch {
	case e.Kind.IsMove():
		n = 3
		if len(b) < n {
			return e, 0
		}
		e.Move = rules.Move(b[0]&0x0f)<<16 | rules.Move(b[1])<<8 | rules.Move(b[2])
	case e.Kind.terminal():
		n = 3
		if len(b) < n || int(b[1]) >= len(results) || int(b[2]) >= len(terminations) {
			return e, 0
		}
		e.Result, e.Termination = results[b[1]], terminations[b[2]]
		if flags := b[0] & 0x0f; e.Kind == KindAborted && flags&flagByPlayer != 0 {
			e.Color = schemas.White
			if flags&flagBlack != 0 {
				e.Color = schemas.Black
			}
		}
	case e.Kind.hasSide():
		e.setFlags(b[0] & 0x0f)
	}
	delta, width := binary.Varint(b[n:])
	if width <= 0 {
		return e, 0
	}
	e.At, n = schemas.Time(delta), n+width
	if centis {
		value, width := binary.Uvarint(b[n:])
		if width <= 0 {
			return e, 0
		}
		e.Centis, n = int64(value), n+width
	}
	return e, n
}
