package rules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxCount bounds both FEN counters.
const maxCount = 9999

// ParseFEN parses a FEN of six fields. It refuses positions that cannot be played: a
// missing or second king, pawns on the last ranks, castling rights without king or rook,
// an en-passant square without its pawn, or the side that just moved in check.
func ParseFEN(fen string) (Position, error) {
	p, err := parseFEN(fen)
	if err != nil {
		return Position{}, fmt.Errorf("FEN %.100q: %w", fen, err)
	}
	return p, nil
}

func parseFEN(fen string) (Position, error) {
	var fields [6]string
	rest := fen
	for i := range fields {
		var found bool
		fields[i], rest, found = strings.Cut(rest, " ")
		if found != (i < 5) {
			return Position{}, errors.New("want six fields")
		}
	}
	p := Position{enPassant: noSquare}
	if err := p.setBoard(fields[0]); err != nil {
		return Position{}, err
	}
	switch fields[1] {
	case "w":
	case "b":
		p.black = true
	default:
		return Position{}, errors.New("the side to move is w or b")
	}
	if p.attacked(p.king(!p.black), p.black) {
		return Position{}, errors.New("the side that just moved is in check")
	}
	if err := p.setCastling(fields[2]); err != nil {
		return Position{}, err
	}
	if err := p.setEnPassant(fields[3]); err != nil {
		return Position{}, err
	}
	half, err1 := count(fields[4])
	move, err2 := count(fields[5])
	if err1 != nil || err2 != nil || move == 0 {
		return Position{}, fmt.Errorf("the counters are numbers up to %d, the second from 1", maxCount)
	}
	p.halfmoves, p.move = half, move
	return p, nil
}

func (p *Position) setBoard(s string) error {
	r, f := 7, 0
	var whiteKings, blackKings int
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			if f != 8 || r == 0 {
				return errors.New("want eight ranks of eight squares")
			}
			r, f = r-1, 0
		case c >= '1' && c <= '8':
			f += int(c - '0')
		case strings.IndexByte(pieces, c) >= 0:
			if f > 7 {
				return errors.New("want eight ranks of eight squares")
			}
			if upper(c) == 'P' && (r == 0 || r == 7) {
				return errors.New("a pawn is on the first or last rank")
			}
			switch c {
			case 'K':
				whiteKings++
			case 'k':
				blackKings++
			}
			p.board[r*8+f] = c
			f++
		default:
			return errors.New("the board contains an unknown piece")
		}
		if f > 8 {
			return errors.New("want eight ranks of eight squares")
		}
	}
	if r != 0 || f != 8 {
		return errors.New("want eight ranks of eight squares")
	}
	if whiteKings != 1 || blackKings != 1 {
		return errors.New("each side has one king")
	}
	return nil
}

func (p *Position) setCastling(s string) error {
	if s == "-" {
		return nil
	}
	last := -1
	for i := range len(s) {
		right := strings.IndexByte("KQkq", s[i])
		if right <= last {
			return errors.New("castling rights are - or some of KQkq in this order")
		}
		last = right
		king, rook, home := byte('K'), byte('R'), 0
		if right >= 2 {
			king, rook, home = 'k', 'r', 56
		}
		corner := home + 7
		if right%2 == 1 {
			corner = home
		}
		if p.board[home+4] != king || p.board[corner] != rook {
			return errors.New("a castling right lacks its king or rook")
		}
		p.castling |= 1 << right
	}
	if last < 0 {
		return errors.New("castling rights are missing")
	}
	return nil
}

func square(s string) (int, bool) {
	if len(s) != 2 || s[0] < 'a' || s[0] > 'h' || s[1] < '1' || s[1] > '8' {
		return 0, false
	}
	return int(s[1]-'1')*8 + int(s[0]-'a'), true
}

func count(s string) (uint16, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, errors.New("not a number")
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err == nil && n > maxCount {
		err = errors.New("too large")
	}
	return uint16(n), err
}

// FEN returns the FEN of the position. It has an en-passant square only if a legal capture
// exists.
func (p Position) FEN() string {
	var buf [100]byte
	b := p.appendKeyFields(buf[:0])
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(p.halfmoves), 10)
	b = append(b, ' ')
	return string(strconv.AppendUint(b, uint64(p.move), 10))
}

// appendKeyFields appends the four FEN fields that count for repetition.
func (p *Position) appendKeyFields(b []byte) []byte {
	for r := 7; r >= 0; r-- {
		empty := byte(0)
		for _, piece := range p.board[r*8 : r*8+8] {
			if piece == 0 {
				empty++
				continue
			}
			if empty > 0 {
				b = append(b, '0'+empty)
				empty = 0
			}
			b = append(b, piece)
		}
		if empty > 0 {
			b = append(b, '0'+empty)
		}
		if r > 0 {
			b = append(b, '/')
		}
	}
	if p.black {
		b = append(b, " b "...)
	} else {
		b = append(b, " w "...)
	}
	for i := range 4 {
		if p.castling&(1<<i) != 0 {
			b = append(b, "KQkq"[i])
		}
	}
	if p.castling == 0 {
		b = append(b, '-')
	}
	b = append(b, ' ')
	if p.enPassant == noSquare {
		return append(b, '-')
	}
	return append(b, 'a'+byte(p.enPassant&7), '1'+byte(p.enPassant>>3))
}
