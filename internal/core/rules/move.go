package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/notnil/chess"
)

// Move is a move on the board. The Move of a played move (see Note) also has what Replay
// needs for its SAN and the next position without computing legal moves: whether it gives
// check or mate, needs disambiguation, or allows an en-passant capture. It fits into three
// bytes.
//
//	bits 0-5 from, 6-11 to, 12-14 promotion, 15 check, 16 mate,
//	17 file and 18 rank in the SAN, 19 en passant possible
type Move uint32

const (
	givesCheck Move = 1 << (15 + iota)
	givesMate
	showsFile
	showsRank
	enPassantNext

	onBoard Move = 1<<15 - 1 // from, to and promotion
	maxMove      = 1<<20 - 1
)

const promotions = "NBRQ" // 1 to 4; 0 is none

func (m Move) from() int { return int(m & 63) }

func (m Move) to() int { return int(m >> 6 & 63) }

// promotion returns the upper-case letter, or 0 if there is none.
func (m Move) promotion() byte {
	if i := m >> 12 & 7; i >= 1 && int(i) <= len(promotions) {
		return promotions[i-1]
	}
	return 0
}

// Same reports whether both are the same move on the board.
func (m Move) Same(other Move) bool { return m&onBoard == other&onBoard }

// UCI returns the move in UCI.
func (m Move) UCI() string {
	b := [5]byte{'a' + byte(file(m.from())), '1' + byte(rank(m.from())), 'a' + byte(file(m.to())), '1' + byte(rank(m.to()))}
	if p := m.promotion(); p != 0 {
		b[4] = p | 0x20
		return string(b[:])
	}
	return string(b[:4])
}

// ParseUCI parses a move like "e2e4" or "e7e8q"; ok is false if it is malformed.
func ParseUCI(s string) (m Move, ok bool) {
	if len(s) != 4 && len(s) != 5 {
		return 0, false
	}
	from, ok1 := square(s[:2])
	to, ok2 := square(s[2:4])
	if !ok1 || !ok2 || from == to {
		return 0, false
	}
	m = Move(from | to<<6)
	if len(s) == 5 {
		i := strings.IndexByte("nbrq", s[4])
		if i < 0 {
			return 0, false
		}
		m |= Move(i+1) << 12
	}
	return m, true
}

func codeOf(m *chess.Move) Move {
	code := Move(m.S1()) | Move(m.S2())<<6
	switch m.Promo() {
	case chess.Knight:
		code |= 1 << 12
	case chess.Bishop:
		code |= 2 << 12
	case chess.Rook:
		code |= 3 << 12
	case chess.Queen:
		code |= 4 << 12
	}
	return code
}

// Note returns the Move that an event describes by its UCI, its SAN and the FEN after it.
func Note(uci, san, fenAfter string) (Move, error) {
	m, ok := ParseUCI(uci)
	if !ok {
		return 0, fmt.Errorf("%w: %.16q", ErrMalformed, uci)
	}
	body := san
	switch {
	case strings.HasSuffix(san, "#"):
		m |= givesCheck | givesMate
		body = san[:len(san)-1]
	case strings.HasSuffix(san, "+"):
		m |= givesCheck
		body = san[:len(san)-1]
	}
	if len(body) > 3 && strings.IndexByte("NBRQK", body[0]) >= 0 {
		for _, c := range body[1 : len(body)-2] {
			switch {
			case c >= 'a' && c <= 'h':
				m |= showsFile
			case c >= '1' && c <= '8':
				m |= showsRank
			}
		}
	}
	fields := strings.SplitN(fenAfter, " ", 5)
	if len(fields) != 5 {
		return 0, errors.New("the FEN after the move is cut short")
	}
	if fields[3] != "-" {
		m |= enPassantNext
	}
	return m, nil
}

// Replay plays a move that was legal when it was recorded, without checking it again. It
// returns the same position and SAN as Play did. A Move that does not belong to p gives a
// wrong position, but never panics.
func (p Position) Replay(m Move) (next Position, san string) {
	m &= maxMove
	san = p.san(m)
	next, passed := p.moved(m)
	if m&enPassantNext != 0 {
		next.enPassant = int8(passed)
	}
	return next, san
}
