package game

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"

	"tabiya/internal/rules"
	"tabiya/schemas"
)

// The history is two byte strings that only grow. ids holds 16 bytes an event:
// the id of the command that caused it, so that a repeated command is found by
// one search for 16 bytes, and its place is the event's seq. log holds one
// entry an event:
//
//	move:     3 bytes, the kind in the high four bits, rules.Move in the others
//	other:    1 byte, the kind in the high four bits, flags in the others;
//	          behind it, if terminal, a byte each for result and termination
//	any:      varint, milliseconds since the event before (or CreatedAt)
//	lag move: behind all that, uvarint, the centiseconds given back for lag
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

	kindLagMove     // a kindMove for which something was given back
	kindLagLastMove // likewise a kindLastMove

	flagBlack byte = 1 // draw offers: it is Black who speaks
)

var (
	eventTypes = [...]schemas.EventType{"", schemas.GameCreated, schemas.GameStarted, schemas.MoveMade, schemas.DrawOffered, schemas.DrawDeclined,
		schemas.GameEnded, schemas.GameResigned, schemas.GameTimeout, schemas.GameAborted, schemas.MoveMade}

	results = [...]schemas.Result{schemas.NoResult, schemas.WhiteWins, schemas.BlackWins, schemas.Draw}

	// The first termination stands for a game that runs.
	terminations = [...]schemas.Termination{"", schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition,
		schemas.SeventyFiveMoves, schemas.MaxPlies, schemas.Agreement, schemas.Resignation, schemas.TimeForfeit, schemas.TimeVsInsufficient,
		schemas.AbortedByPlayer, schemas.FirstMoveExpired, schemas.MatchExpired, schemas.ThreefoldRepetition, schemas.FiftyMoves}
)

// entry is one event of the history.
type entry struct {
	seq         int64
	kind, flags byte
	at          schemas.Time
	move        rules.Move
	compensated int64 // centiseconds, of a move
	result      schemas.Result
	termination schemas.Termination
}

// record appends an event to the history. Its seq is the next one.
func (s *State) record(commandID string, e entry) error {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return fmt.Errorf("command id: %w", err)
	}
	var buf [16]byte
	b := append(buf[:0], e.writtenKind()<<4|e.flags)
	switch {
	case e.moves():
		b[0] |= byte(e.move >> 16)
		b = append(b, byte(e.move>>8), byte(e.move))
	case e.ends():
		result, termination := slices.Index(results[:], e.result), slices.Index(terminations[:], e.termination)
		if result < 0 || termination < 1 {
			return fmt.Errorf("unknown end %.40q by %.40q", e.result, e.termination)
		}
		b = append(b, byte(result), byte(termination))
	}
	b = binary.AppendVarint(b, int64(e.at-s.UpdatedAt))
	if e.compensated != 0 {
		b = binary.AppendUvarint(b, uint64(e.compensated))
	}
	s.ids = s.ids.append(id[:]...)
	s.log = s.log.append(b...)
	s.Seq++
	s.UpdatedAt = e.at
	return nil
}

// history walks over all entries. A corrupt one panics: the row's bytes come
// from this program through Kafka, which checks them.
func (s *State) history() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		at := s.CreatedAt
		offset := 0
		for seq := int64(1); seq <= s.Seq; seq++ {
			e, n := readEntry(s.log.at(offset))
			if n == 0 {
				panic(fmt.Sprintf("game: the history of %s is corrupt at event %d", s.ID, seq))
			}
			at += e.at
			e.seq, e.at = seq, at
			if !yield(e) {
				return
			}
			offset += n
		}
	}
}

// readEntry reads one entry, its time relative; n is 0 if it is corrupt.
func readEntry(b []byte) (e entry, n int) {
	if len(b) < 2 || b[0]>>4 < kindCreated || b[0]>>4 > kindLagLastMove {
		return e, 0
	}
	lag := e.readKind(b[0] >> 4)
	n = 1
	switch {
	case e.moves() || e.ends():
		n = 3
		if len(b) < n {
			return e, 0
		}
		if e.moves() {
			e.move = rules.Move(b[0]&0x0f)<<16 | rules.Move(b[1])<<8 | rules.Move(b[2])
			break
		}
		if int(b[1]) >= len(results) || int(b[2]) >= len(terminations) {
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
	e.at = schemas.Time(delta)
	n += width
	if lag {
		compensated, width := binary.Uvarint(b[n:])
		if width <= 0 {
			return e, 0
		}
		e.compensated = int64(compensated)
		n += width
	}
	return e, n
}

// writtenKind tells in a move's kind whether its compensation stands behind it:
// most moves have none, and cost no byte for it.
func (e entry) writtenKind() byte {
	switch {
	case e.compensated == 0:
		return e.kind
	case e.kind == kindMove:
		return kindLagMove
	default:
		return kindLagLastMove
	}
}

// readKind is the reverse of writtenKind.
func (e *entry) readKind(written byte) (lag bool) {
	switch written {
	case kindLagMove:
		e.kind = kindMove
	case kindLagLastMove:
		e.kind = kindLastMove
	default:
		e.kind = written
		return false
	}
	return true
}

func (e entry) moves() bool { return e.kind == kindMove || e.kind == kindLastMove }

func (e entry) ends() bool { return e.kind >= kindEnded && e.kind <= kindAborted }

// find gives the first event that a command caused; ok is false if it caused
// none.
func (s *State) find(commandID string) (e entry, ok bool) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return entry{}, false
	}
	i := s.ids.index(id[:])
	if i < 0 {
		return entry{}, false
	}
	for e := range s.history() {
		if e.seq == int64(i)+1 {
			return e, true
		}
	}
	return entry{}, false
}

// commandID is the id of the command that caused event seq.
func (s *State) commandID(seq int64) string {
	return uuid.UUID(s.ids.at(int(seq-1) * 16)[:16]).String()
}
