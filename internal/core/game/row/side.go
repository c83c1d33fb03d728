package row

import (
	"encoding/binary"

	"tabiya/schemas"
)

// Side is what is stored of one player's side besides its clock. The counters
// bound how much a player can make the row grow.
type Side struct {
	LastDrawOffer   int  // plies played at the last draw offer, plus 1; 0 if none
	TakebackOffers  int  // in the whole game
	TakebackOffered bool // since the last move
	TimeGifts       int  // how often the side gave its opponent time
	RematchOffered  bool

	Disconnects int
	GoneSince   schemas.Time // 0 while present
	Left        bool         // gone because the player said so
}

// appendTo writes everything but LastDrawOffer, which version 1 stored elsewhere.
func (s *Side) appendTo(b []byte) []byte {
	b = append(b, packed(s.TakebackOffered, s.RematchOffered, s.Left))
	for _, n := range [...]int64{int64(s.TakebackOffers), int64(s.TimeGifts), int64(s.Disconnects), int64(s.GoneSince)} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func (s *Side) read(f *reader) {
	bits := f.byte()
	s.TakebackOffered, s.RematchOffered, s.Left = bits&1 != 0, bits&2 != 0, bits&4 != 0
	s.TakebackOffers, s.TimeGifts, s.Disconnects = int(f.varint()), int(f.varint()), int(f.varint())
	s.GoneSince = schemas.Time(f.varint())
}
