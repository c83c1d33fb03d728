package rules

import (
	"fmt"

	"github.com/notnil/chess"
)

// Play makes one move in UCI ("e2e4", "e7e8q", castling as the king's step). It
// gives the position after it and its SAN. The error matches ErrMalformed or
// ErrIllegal.
func (p Position) Play(uci string) (next Position, san string, err error) {
	code, ok := ParseUCI(uci)
	if !ok {
		return Position{}, "", fmt.Errorf("%w: %.16q", ErrMalformed, uci)
	}
	// Most of what bad clients send is seen without making any move.
	if piece := p.board[code.from()]; piece == 0 || isBlack(piece) != p.black {
		return Position{}, "", fmt.Errorf("%w: %s", ErrIllegal, uci)
	}
	lib := p.library()
	moves := lib.ValidMoves()
	for _, m := range moves {
		if codeOf(m) == code {
			next, san = p.advance(lib, moves, m)
			return next, san, nil
		}
	}
	return Position{}, "", fmt.Errorf("%w: %s", ErrIllegal, uci)
}

// PlaySAN is Play for a move in SAN, however it is decorated; it also gives the
// move's UCI.
func (p Position) PlaySAN(text string) (next Position, uci, san string, err error) {
	want, ok := parseSAN(text)
	if !ok {
		return Position{}, "", "", fmt.Errorf("%w: %.16q", ErrMalformed, text)
	}
	lib := p.library()
	moves := lib.ValidMoves()
	var found *chess.Move
	for _, m := range moves {
		if !want.fits(&p, m) {
			continue
		}
		if found != nil {
			return Position{}, "", "", fmt.Errorf("%w: %.16q is ambiguous", ErrIllegal, text)
		}
		found = m
	}
	if found == nil {
		return Position{}, "", "", fmt.Errorf("%w: %.16q", ErrIllegal, text)
	}
	next, san = p.advance(lib, moves, found)
	return next, codeOf(found).UCI(), san, nil
}

// SAN gives the UCI of a move in SAN.
func (p Position) SAN(san string) (uci string, err error) {
	_, uci, _, err = p.PlaySAN(san)
	return uci, err
}

// advance makes a legal move.
func (p *Position) advance(lib *chess.Position, moves []*chess.Move, m *chess.Move) (Position, string) {
	code := codeOf(m)
	after := lib.Update(m)
	next, passed := p.moved(code)
	if passed != noSquare && next.pawnBeside(int(code.to())) && hasEnPassant(after.ValidMoves()) {
		next.enPassant = int8(passed)
	}
	next.status = next.judge(after)
	code |= p.disambiguation(moves, m)
	if m.HasTag(chess.Check) {
		code |= givesCheck
		if next.status == Checkmate {
			code |= givesMate
		}
	}
	return next, p.san(code)
}

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
