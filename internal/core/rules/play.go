package rules

import (
	"fmt"
	"slices"

	"github.com/notnil/chess"
)

// Play plays a move in UCI ("e2e4", "e7e8q", castling as the king's step). It returns the
// next position and the move's SAN, or an error that matches ErrMalformed or ErrIllegal.
func (p Position) Play(uci string) (next Position, san string, err error) {
	m, ok := ParseUCI(uci)
	if !ok {
		return Position{}, "", fmt.Errorf("%w: %.16q", ErrMalformed, uci)
	}
	if !p.pseudoLegal(m) {
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

// PlaySAN plays a move in SAN or one of its common variants. It returns the next position
// and the move's UCI and SAN, or an error that matches ErrMalformed or ErrIllegal.
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

// SAN returns the UCI of a move in SAN.
func (p Position) SAN(san string) (uci string, err error) {
	_, uci, _, err = p.PlaySAN(san)
	return uci, err
}

// pseudoLegal reports whether the move is legal apart from leaving its own king in check.
// Listing all legal moves with the library takes 30 times as long, so that is done for
// castling only.
func (p *Position) pseudoLegal(m Move) bool {
	from, to := m.from(), m.to()
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

// pushes reports whether a pawn can move straight ahead between the squares.
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

// hasStep reports whether some man of the side to move can legally move one step. If so,
// which is nearly always, the library need not list the legal moves. If not, there may
// still be a legal move.
func (p *Position) hasStep() bool {
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

// takesOrEmpty reports whether sq is empty or can be captured on. For a pawn, which steps
// straight ahead, it must be empty and not on the last rank.
func (p *Position) takesOrEmpty(sq int, pawn bool) bool {
	target := p.board[sq]
	if pawn {
		return target == 0 && rank(sq) != 0 && rank(sq) != 7
	}
	return target == 0 || isBlack(target) != p.black
}

// exposed reports whether the side that just moved left its king in check.
func (p *Position) exposed() bool { return p.attacked(p.king(!p.black), p.black) }

// moved returns the position after a move, which must be pseudo-legal, and the square
// that a pawn's double step passed over.
func (p *Position) moved(m Move) (next Position, passed int) {
	next, passed = *p, noSquare
	next.status, next.enPassant = 0, noSquare
	from, to := m.from(), m.to()
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

// rightsOf returns the castling rights that end when a man leaves or enters sq.
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
