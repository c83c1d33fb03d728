package rules

import (
	"fmt"
	"slices"

	"github.com/notnil/chess"
)

// Play makes one move in UCI ("e2e4", "e7e8q", castling as the king's step). It
// gives the position after it and its SAN. The error matches ErrMalformed or
// ErrIllegal.
func (p Position) Play(uci string) (next Position, san string, err error) {
	m, ok := ParseUCI(uci)
	if !ok {
		return Position{}, "", fmt.Errorf("%w: %.16q", ErrMalformed, uci)
	}
	if !p.reaches(m) {
		return Position{}, "", fmt.Errorf("%w: %s", ErrIllegal, uci)
	}
	next, passed := p.moved(m)
	if next.exposed() {
		return Position{}, "", fmt.Errorf("%w: %s", ErrIllegal, uci)
	}
	next.enPassant = int8(passed)
	next.checkEnPassant()
	next.status = next.Status()
	m |= p.disambiguation(m)
	if next.attacked(next.king(next.black), p.black) {
		m |= givesCheck
	}
	if next.status == Checkmate {
		m |= givesMate
	}
	return next, p.san(m), nil
}

// PlaySAN is Play for a move in SAN, however it is decorated; it also gives the
// move's UCI.
func (p Position) PlaySAN(text string) (next Position, uci, san string, err error) {
	want, ok := parseSAN(text)
	if !ok {
		return Position{}, "", "", fmt.Errorf("%w: %.16q", ErrMalformed, text)
	}
	for _, m := range p.library().ValidMoves() {
		if !want.fits(&p, m) {
			continue
		}
		if uci != "" {
			return Position{}, "", "", fmt.Errorf("%w: %.16q is ambiguous", ErrIllegal, text)
		}
		uci = codeOf(m).UCI()
	}
	if uci == "" {
		return Position{}, "", "", fmt.Errorf("%w: %.16q", ErrIllegal, text)
	}
	next, san, err = p.Play(uci)
	return next, uci, san, err
}

// SAN gives the UCI of a move in SAN.
func (p Position) SAN(san string) (uci string, err error) {
	_, uci, _, err = p.PlaySAN(san)
	return uci, err
}

// reaches reports whether the move is legal but for its own king's safety.
// The library lists all moves, 30 times the work: here it is asked about
// castling alone.
func (p *Position) reaches(m Move) bool {
	from, to := int(m.from()), int(m.to())
	piece, target := p.board[from], p.board[to]
	if piece == 0 || isBlack(piece) != p.black || target != 0 && isBlack(target) == p.black {
		return false
	}
	pawn := upper(piece) == 'P'
	if (m.promotion() != 0) != (pawn && (rank(to) == 0 || rank(to) == 7)) {
		return false
	}
	switch {
	case pawn && file(from) == file(to):
		return p.pushes(from, to)
	case pawn && target == 0 && to != int(p.enPassant):
		return false
	case upper(piece) == 'K' && (to-from == 2 || from-to == 2):
		return slices.ContainsFunc(p.library().ValidMoves(), func(l *chess.Move) bool { return codeOf(l) == m })
	}
	return p.attackers(to, p.black).has(from)
}

// pushes reports whether a pawn can go straight ahead from one square to another.
func (p *Position) pushes(from, to int) bool {
	ahead, home := 8, 1
	if p.black {
		ahead, home = -8, 6
	}
	switch {
	case p.board[to] != 0:
		return false
	case to == from+ahead:
		return true
	}
	return to == from+2*ahead && rank(from) == home && p.board[from+ahead] == 0
}

// steps reports whether some man of the side to move can go one step, as in
// nearly every position: then the library need not be asked whether it has a
// move. Where it is false there may still be one.
func (p *Position) steps() bool {
	for from, piece := range p.board {
		if piece == 0 || isBlack(piece) != p.black {
			continue
		}
		for _, s := range stepsOf(piece) {
			to := s.from(from)
			if to == noSquare || !p.takesOrEmpty(to, upper(piece) == 'P') {
				continue
			}
			if next, _ := p.moved(Move(from) | Move(to)<<6); !next.exposed() {
				return true
			}
		}
	}
	return false
}

// takesOrEmpty reports whether a man of the side to move may step onto sq, as far
// as that is for the square to say. A pawn steps straight, and is not looked at
// where it would be promoted.
func (p *Position) takesOrEmpty(sq int, pawn bool) bool {
	target := p.board[sq]
	if pawn {
		return target == 0 && rank(sq) != 0 && rank(sq) != 7
	}
	return target == 0 || isBlack(target) != p.black
}

// exposed reports whether the side that has moved left its king in check.
func (p *Position) exposed() bool { return p.attacked(p.king(!p.black), p.black) }

// moved moves the pieces and tells which square a pawn's double step passed.
// Whether the move is legal is for the caller to know.
func (p *Position) moved(m Move) (next Position, passed int) {
	next, passed = *p, noSquare
	next.status, next.enPassant = 0, noSquare
	from, to := int(m.from()), int(m.to())
	piece := p.board[from]
	captured := p.board[to] != 0
	next.board[from], next.board[to] = 0, piece
	switch upper(piece) {
	case 'P':
		switch {
		case to-from == 16 || from-to == 16:
			passed = (from + to) / 2
		case file(from) != file(to) && !captured: // en passant
			next.board[rank(from)*8+file(to)] = 0
		}
		if promoted := m.promotion(); promoted != 0 {
			if p.black {
				promoted |= 0x20
			}
			next.board[to] = promoted
		}
	case 'K':
		switch {
		case file(from) != 4:
		case to-from == 2:
			next.board[to-1], next.board[to+1] = next.board[to+1], 0
		case from-to == 2:
			next.board[to+1], next.board[to-2] = next.board[to-2], 0
		}
	}
	next.castling &^= rightsOf(from) | rightsOf(to)
	next.black = !p.black
	next.halfmoves++
	if captured || upper(piece) == 'P' {
		next.halfmoves = 0
	}
	if p.black {
		next.move++
	}
	return next, passed
}

// rightsOf are the castling rights that end when something leaves or enters sq.
func rightsOf(sq int) uint8 {
	switch sq {
	case 0:
		return whiteLong
	case 4:
		return whiteShort | whiteLong
	case 7:
		return whiteShort
	case 56:
		return blackLong
	case 60:
		return blackShort | blackLong
	case 63:
		return blackShort
	}
	return 0
}
