package game

import (
	"encoding/binary"

	"tabiya/schemas"
)

// sideState is what the row knows of one side besides its clock. Its counters
// bound what a player can make a row grow by.
type sideState struct {
	drawOffered    int  // plies played at its last draw offer + 1, 0 if none
	takebackOffers int  // in the whole game
	takebackAsked  bool // since the last move
	timeGiven      int  // how often it gave the other time
	rematchOffered bool

	departures int          // how often it left
	goneSince  schemas.Time // 0: it is there
	left       bool         // it is gone because it said so
}

func index(c schemas.Color) int {
	if c == schemas.White {
		return 0
	}
	return 1
}

// of is what the row knows of a side.
func (s *State) of(c schemas.Color) *sideState { return &s.sides[index(c)] }

// appendTo writes all but drawOffered, which has its place in rows of any age.
func (p *sideState) appendTo(b []byte) []byte {
	b = append(b, packed(p.takebackAsked, p.rematchOffered, p.left))
	for _, n := range [...]int64{int64(p.takebackOffers), int64(p.timeGiven), int64(p.departures), int64(p.goneSince)} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func (p *sideState) read(r *reader) {
	bits := r.byte()
	p.takebackAsked, p.rematchOffered, p.left = bits&1 != 0, bits&2 != 0, bits&4 != 0
	p.takebackOffers, p.timeGiven, p.departures = int(r.varint()), int(r.varint()), int(r.varint())
	p.goneSince = schemas.Time(r.varint())
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
