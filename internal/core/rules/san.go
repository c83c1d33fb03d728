package rules

import (
	"math/bits"
	"strings"

	"github.com/notnil/chess"
)

// disambiguation returns what the move's SAN needs to tell the piece from others of its
// kind that can move to the same square: the file, else the rank, else both (FIDE C.10).
func (p *Position) disambiguation(m Move) Move {
	from, to := m.from(), m.to()
	piece := p.board[from]
	if upper(piece) == 'P' || upper(piece) == 'K' {
		return 0
	}
	var rivals, onFile, onRank bool
	for others := p.attackers(to, p.black); others != 0; others &= others - 1 {
		other := bits.TrailingZeros64(uint64(others))
		if other == from || p.board[other] != piece {
			continue
		}
		if after, _ := p.moved(Move(other) | Move(to)<<6); after.exposed() {
			continue
		}
		rivals = true
		onFile = onFile || file(other) == file(from)
		onRank = onRank || rank(other) == rank(from)
	}
	switch {
	case !rivals:
		return 0
	case !onFile:
		return showsFile
	case !onRank:
		return showsRank
	default:
		return showsFile | showsRank
	}
}

// san returns the SAN of a move with its flags.
func (p *Position) san(m Move) string {
	var buf [8]byte
	b := buf[:0]
	from, to := m.from(), m.to()
	piece := upper(p.board[from])
	captures := p.board[to] != 0
	switch {
	case piece == 'K' && to-from == 2:
		b = append(b, "O-O"...)
	case piece == 'K' && from-to == 2:
		b = append(b, "O-O-O"...)
	default:
		if piece == 'P' {
			if file(from) != file(to) {
				b = append(b, 'a'+byte(file(from)), 'x')
			}
		} else {
			b = append(b, piece)
			if m&showsFile != 0 {
				b = append(b, 'a'+byte(file(from)))
			}
			if m&showsRank != 0 {
				b = append(b, '1'+byte(rank(from)))
			}
			if captures {
				b = append(b, 'x')
			}
		}
		b = append(b, 'a'+byte(file(to)), '1'+byte(rank(to)))
		if promoted := m.promotion(); promoted != 0 {
			b = append(b, '=', promoted)
		}
	}
	switch {
	case m&givesMate != 0:
		b = append(b, '#')
	case m&givesCheck != 0:
		b = append(b, '+')
	}
	return string(b)
}

// sanText is a parsed SAN.
type sanText struct {
	piece      byte // upper case
	file, rank int  // of the origin, -1 if not given
	to         int
	promotion  byte // upper case, 0 if none
	castle     int  // the king's step: 2 short, -2 long, 0 no castling
}

// parseSAN parses SAN and its common variants: 0-0 for O-O, e8Q for e8=Q, with or without
// x, +, #, !, ? and e.p.
func parseSAN(s string) (sanText, bool) {
	w := sanText{piece: 'P', file: -1, rank: -1}
	s = strings.TrimRight(s, "+#!?")
	s = strings.TrimSuffix(s, "e.p.")
	switch s {
	case "O-O", "0-0", "o-o":
		return sanText{piece: 'K', file: 4, rank: -1, castle: 2}, true
	case "O-O-O", "0-0-0", "o-o-o":
		return sanText{piece: 'K', file: 4, rank: -1, castle: -2}, true
	}
	if s != "" && strings.IndexByte("KQRBNP", s[0]) >= 0 {
		w.piece, s = s[0], s[1:]
	}
	if n := len(s); n > 0 && strings.IndexByte(promotions, s[n-1]) >= 0 {
		if w.piece != 'P' {
			return w, false
		}
		w.promotion = s[n-1]
		s = strings.TrimSuffix(s[:n-1], "=")
	}
	if len(s) < 2 {
		return w, false
	}
	to, ok := square(s[len(s)-2:])
	if !ok {
		return w, false
	}
	w.to = to
	origin := strings.TrimRight(s[:len(s)-2], "x-:")
	if len(origin) > 0 && origin[0] >= 'a' && origin[0] <= 'h' {
		w.file, origin = int(origin[0]-'a'), origin[1:]
	}
	if len(origin) > 0 && origin[0] >= '1' && origin[0] <= '8' {
		w.rank, origin = int(origin[0]-'1'), origin[1:]
	}
	return w, origin == ""
}

// fits reports whether the text describes the legal move m.
func (w sanText) fits(p *Position, m *chess.Move) bool {
	code := codeOf(m)
	from := code.from()
	if upper(p.board[from]) != w.piece {
		return false
	}
	if w.castle != 0 {
		return code.to()-from == w.castle
	}
	if w.piece == 'K' && (code.to()-from == 2 || from-code.to() == 2) {
		return false // castling is written O-O
	}
	return code.to() == w.to && code.promotion() == w.promotion &&
		(w.file < 0 || file(from) == w.file) && (w.rank < 0 || rank(from) == w.rank)
}
