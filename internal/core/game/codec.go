package game

import (
	"encoding/binary"
	"errors"
	"fmt"

	"tabiya/schemas"
)

// The body of a row:
//
//	uvarint  length of the facts
//	facts    what State's fields hold, see facts.go
//	uvarint  length of keys
//	keys     8 bytes a position
//	heads    12 bytes an event whose command's id does not begin as the game's
//	ids      8 bytes an event
//	log      the rest
//
// Reading it copies the facts once, as the string that all of State's strings
// are cut from, and copies nothing else: the cost does not grow with the game.

// AppendBody writes the row's body.
func AppendBody(b []byte, s *State) []byte {
	var buf [1024]byte
	facts := s.appendFacts(buf[:0])
	b = binary.AppendUvarint(b, uint64(len(facts)))
	b = append(b, facts...)
	b = binary.AppendUvarint(b, uint64(s.keys.len()))
	b = s.keys.appendTo(b)
	b = s.heads.appendTo(b)
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
	return numbers + strings + s.keys.len() + s.heads.len() + s.ids.len() + s.log.len()
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
	heads, whole := s.readFacts(&r)
	if r.bad || r.rest != "" {
		return nil, errors.New("the facts are not in their format")
	}
	keys, rest, ok := cut(rest)
	if !ok || len(keys)%8 != 0 {
		return nil, errors.New("the position keys are cut short")
	}
	if heads > uint64(len(rest)) || heads%headWidth != 0 {
		return nil, errors.New("the heads are cut short")
	}
	s.keys.base, s.heads.base, rest = keys, rest[:heads:heads], rest[heads:]
	width := int64(idWidth)
	if whole {
		width = 16
	}
	if s.Seq < 0 || s.Seq > int64(len(rest))/width || s.Plies < 0 || int64(s.Plies) > s.Seq {
		return nil, fmt.Errorf("no history of %d events and %d plies in %d bytes", s.Seq, s.Plies, len(rest))
	}
	ids := s.Seq * width
	s.log.base = rest[ids:]
	if whole {
		s.splitIDs(rest[:ids])
	} else {
		s.ids.base = rest[:ids:ids]
	}
	return s, nil
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
