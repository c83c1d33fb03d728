package game

import (
	"encoding/binary"
	"fmt"
	"slices"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// The log holds one entry an event:
//
//	move:       3 bytes, the kind in the high four bits, rules.Move in the others
//	other:      1 byte, the kind in the high four bits, flags in the others;
//	            behind it, if terminal, a byte each for result and termination
//	later kind: 2 bytes, kindLater in the high four bits of the first, flags in
//	            the others, the kind in the second
//	any:        varint, milliseconds since the event before (or CreatedAt)
//	with centiseconds: behind all that, uvarint, how many
//
// All else that an event tells (clocks, SAN, FEN, deadlines) follows from these
// and the head of the game, and is computed again when an event is made again.
// Rows outlive the code that wrote them: kinds and the lists below are added to,
// never changed.
const (
	kindCreated byte = iota + 1
	kindStarted
	kindMove
	kindDrawOffered
	kindDrawDeclined
	kindEnded
	kindResigned
	kindTimeout
	kindAborted

	kindLastMove // a move that ended the game

	// On disk alone: a kindMove and a kindLastMove with centiseconds, which were
	// given back for lag. Most moves have none, and cost no byte for it.
	kindLagMove
	kindLagLastMove

	kindLater byte = 15 // on disk alone: the kind is in the second byte
)

const (
	kindTakebackOffered byte = iota + 16
	kindTakebackDeclined
	kindTakebackAccepted // flagTwo if it took two plies
	kindTimeAdded        // with centiseconds
	kindPlayerLeft       // flagExplicit if he said so
	kindPlayerReturned
	kindRematchOffered
	kindRematchDeclined
	kindRematchAccepted
	kindsEnd
)

const (
	flagBlack    byte      = 1 << iota // it is Black who speaks, or of whom is spoken
	flagTwo                            // of kindTakebackAccepted
	flagExplicit = flagTwo             // of kindPlayerLeft
)

var (
	eventTypes = [kindsEnd]schemas.EventType{
		kindCreated: schemas.GameCreated, kindStarted: schemas.GameStarted, kindMove: schemas.MoveMade, kindLastMove: schemas.MoveMade,
		kindDrawOffered: schemas.DrawOffered, kindDrawDeclined: schemas.DrawDeclined,
		kindEnded: schemas.GameEnded, kindResigned: schemas.GameResigned, kindTimeout: schemas.GameTimeout, kindAborted: schemas.GameAborted,
		kindTakebackOffered: schemas.TakebackOffered, kindTakebackDeclined: schemas.TakebackDeclined, kindTakebackAccepted: schemas.TakebackAccepted,
		kindTimeAdded: schemas.TimeAdded, kindPlayerLeft: schemas.PlayerLeft, kindPlayerReturned: schemas.PlayerReturned,
		kindRematchOffered: schemas.RematchOffered, kindRematchDeclined: schemas.RematchDeclined, kindRematchAccepted: schemas.RematchAccepted,
	}

	results = [...]schemas.Result{schemas.NoResult, schemas.WhiteWins, schemas.BlackWins, schemas.Draw}

	// The first termination stands for a game that runs.
	terminations = [...]schemas.Termination{"", schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition,
		schemas.SeventyFiveMoves, schemas.MaxPlies, schemas.Agreement, schemas.Resignation, schemas.TimeForfeit, schemas.TimeVsInsufficient,
		schemas.AbortedByPlayer, schemas.FirstMoveExpired, schemas.MatchExpired, schemas.ThreefoldRepetition, schemas.FiftyMoves, schemas.Abandoned}
)

// entry is one event of the history.
type entry struct {
	seq         int64
	kind, flags byte
	at          schemas.Time
	move        rules.Move
	centis      int64 // given back for a move's lag, or added to a clock
	result      schemas.Result
	termination schemas.Termination
}

// said is an entry in which a side speaks, or is spoken of.
func said(kind byte, c schemas.Color) entry {
	e := entry{kind: kind}
	if c == schemas.Black {
		e.flags = flagBlack
	}
	return e
}

func (e entry) color() schemas.Color {
	if e.flags&flagBlack != 0 {
		return schemas.Black
	}
	return schemas.White
}

func (e entry) moves() bool { return e.kind == kindMove || e.kind == kindLastMove }

func (e entry) ends() bool { return e.kind >= kindEnded && e.kind <= kindAborted }

// takesBack is how many plies an accepted takeback takes.
func (e entry) takesBack() int {
	if e.flags&flagTwo != 0 {
		return 2
	}
	return 1
}

// writtenKind is the kind on disk, and whether centiseconds follow.
func (e entry) writtenKind() (kind byte, centis bool) {
	switch {
	case e.kind == kindMove && e.centis != 0:
		return kindLagMove, true
	case e.kind == kindLastMove && e.centis != 0:
		return kindLagLastMove, true
	default:
		return e.kind, e.kind == kindTimeAdded
	}
}

// readKind is the reverse of writtenKind.
func readKind(written byte) (kind byte, centis bool) {
	switch written {
	case kindLagMove:
		return kindMove, true
	case kindLagLastMove:
		return kindLastMove, true
	default:
		return written, written == kindTimeAdded
	}
}

// appendEntry writes an entry; since is the time of the one before.
func appendEntry(b []byte, e entry, since schemas.Time) ([]byte, error) {
	kind, centis := e.writtenKind()
	switch {
	case e.moves():
		b = append(b, kind<<4|byte(e.move>>16), byte(e.move>>8), byte(e.move))
	case kind > kindLater:
		b = append(b, kindLater<<4|e.flags, kind)
	default:
		b = append(b, kind<<4|e.flags)
	}
	if e.ends() {
		result, termination := slices.Index(results[:], e.result), slices.Index(terminations[:], e.termination)
		if result < 0 || termination < 1 {
			return nil, fmt.Errorf("unknown end %.40q by %.40q", e.result, e.termination)
		}
		b = append(b, byte(result), byte(termination))
	}
	b = binary.AppendVarint(b, int64(e.at-since))
	if centis {
		b = binary.AppendUvarint(b, uint64(e.centis))
	}
	return b, nil
}

// readEntry reads one entry, its time relative; n is 0 if it is corrupt.
func readEntry(b []byte) (e entry, n int) {
	if len(b) < 2 {
		return e, 0
	}
	written := b[0] >> 4
	n = 1
	if written == kindLater {
		written, n = b[1], 2
		if written <= kindLater {
			return e, 0
		}
	}
	var centis bool
	if e.kind, centis = readKind(written); e.kind == 0 || int(e.kind) >= len(eventTypes) || eventTypes[e.kind] == "" {
		return e, 0
	}
	switch {
	case e.moves():
		n = 3
		if len(b) < n {
			return e, 0
		}
		e.move = rules.Move(b[0]&0x0f)<<16 | rules.Move(b[1])<<8 | rules.Move(b[2])
	case e.ends():
		n = 3
		if len(b) < n || int(b[1]) >= len(results) || int(b[2]) >= len(terminations) {
			return e, 0
		}
		e.result, e.termination = results[b[1]], terminations[b[2]]
	default:
		e.flags = b[0] & 0x0f
	}
	delta, width := binary.Varint(b[n:])
	if width <= 0 {
		return e, 0
	}
	e.at, n = schemas.Time(delta), n+width
	if centis {
		value, width := binary.Uvarint(b[n:])
		if width <= 0 {
			return e, 0
		}
		e.centis, n = int64(value), n+width
	}
	return e, n
}
