package rules

import (
	"errors"

	"github.com/notnil/chess"

	"tabiya/schemas"
)

var (
	// ErrMalformed is a move that no position could have.
	ErrMalformed = errors.New("not a move")
	// ErrIllegal is a move that this position does not have.
	ErrIllegal = errors.New("illegal move")
)

// StartFEN is the position every game starts from.
const StartFEN = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"

// Status says whether the board ends the game.
type Status uint8

const (
	None         Status = iota + 1 // the game goes on
	Checkmate                      // the side to move is mated
	Stalemate                      // it has no move
	Insufficient                   // neither side can ever mate
)

// Castling rights, in the bits of the library's binary form.
const (
	whiteShort uint8 = 1 << iota
	whiteLong
	blackShort
	blackLong
)

const noSquare = -1

// Position is a chess position. The zero value is not one: use Start or
// ParseFEN.
type Position struct {
	board     [64]byte // FEN letters by square, a1 = 0, h1 = 7, a8 = 56; 0 is empty
	black     bool     // Black is to move
	castling  uint8
	enPassant int8   // only if a legal capture exists (FIDE 9.2.3), else noSquare
	halfmoves uint16 // since the last capture or pawn move
	move      uint16 // from 1
	status    Status // 0: not asked yet
}

// Start is the starting position.
func Start() Position {
	p, err := ParseFEN(StartFEN)
	if err != nil {
		panic("rules: " + err.Error())
	}
	return p
}

// Turn is the side to move.
func (p Position) Turn() schemas.Color {
	if p.black {
		return schemas.Black
	}
	return schemas.White
}

// HalfmoveClock counts the plies since the last capture or pawn move.
func (p Position) HalfmoveClock() int { return int(p.halfmoves) }

// Status tells mate, stalemate and dead positions.
func (p Position) Status() Status {
	if p.status != 0 {
		return p.status
	}
	if !p.steps() {
		switch p.library().Status() {
		case chess.Checkmate:
			return Checkmate
		case chess.Stalemate:
			return Stalemate
		}
	}
	if p.insufficient() {
		return Insufficient
	}
	return None
}

// LegalMoves lists the legal moves in UCI.
func (p Position) LegalMoves() []string {
	moves := p.library().ValidMoves()
	out := make([]string, len(moves))
	for i, m := range moves {
		out[i] = codeOf(m).UCI()
	}
	return out
}

// pieces is the order of the library's bitboards.
const pieces = "KQRBNPkqrbnp"

// library makes the library's position through its binary form, ten times
// faster than through its FEN reader.
func (p *Position) library() *chess.Position {
	var boards [len(pieces)]uint64
	for sq, piece := range p.board {
		if piece != 0 {
			boards[pieceIndex(piece)] |= 1 << (63 - sq)
		}
	}
	raw := make([]byte, 0, 101)
	for _, b := range boards {
		raw = append(raw, byte(b>>56), byte(b>>48), byte(b>>40), byte(b>>32), byte(b>>24), byte(b>>16), byte(b>>8), byte(b))
	}
	flags := p.castling
	if p.black {
		flags |= 1 << 4
	}
	if p.enPassant != noSquare {
		flags |= 1 << 5
	}
	// The library's clocks stay at 0 and 1: ours do not wrap at 256.
	raw = append(raw, 0, 0, 1, byte(p.enPassant), flags)
	lib := new(chess.Position)
	if err := lib.UnmarshalBinary(raw); err != nil {
		panic("rules: " + err.Error())
	}
	return lib
}

func pieceIndex(piece byte) int {
	for i := range len(pieces) {
		if pieces[i] == piece {
			return i
		}
	}
	panic("rules: no piece " + string(rune(piece)))
}

func isBlack(piece byte) bool { return piece >= 'a' }

func upper(piece byte) byte { return piece &^ 0x20 }

func rank(sq int) int { return sq >> 3 }

func file(sq int) int { return sq & 7 }

// MoveNumber counts from 1 and grows after Black's move, as in the FEN.
func (p Position) MoveNumber() int { return int(p.move) }
