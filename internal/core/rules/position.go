package rules

import (
	"errors"

	"github.com/notnil/chess"

	"tabiya/schemas"
)

var (
	// ErrMalformed means that the text is not a move in any position.
	ErrMalformed = errors.New("not a move")
	// ErrIllegal means that the move is not legal in this position.
	ErrIllegal = errors.New("illegal move")
)

// StartFEN is the FEN of the usual starting position.
const StartFEN = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"

// Status is how the position on the board ends the game, if it does.
type Status uint8

const (
	None         Status = iota + 1 // the game is not over
	Checkmate                      // the side to move is checkmated
	Stalemate                      // the side to move has no legal move
	Insufficient                   // neither side has the material to mate
)

// Castling rights, with the bits of the library's binary encoding.
const (
	whiteShort uint8 = 1 << iota
	whiteLong
	blackShort
	blackLong
)

const noSquare = -1

// Position is a chess position. The zero value is invalid: use Start or ParseFEN.
type Position struct {
	board     [64]byte // FEN letters by square, a1 = 0, h1 = 7, a8 = 56; 0 is empty
	black     bool     // Black is to move
	castling  uint8
	enPassant int8   // only if a legal capture exists (FIDE 9.2.3), else noSquare
	halfmoves uint16 // since the last capture or pawn move
	move      uint16 // from 1
	status    Status // 0 if not computed yet
}

// Start returns the starting position.
func Start() Position {
	p, err := ParseFEN(StartFEN)
	if err != nil {
		panic("rules: " + err.Error())
	}
	return p
}

// Turn returns the side to move.
func (p Position) Turn() schemas.Color {
	if p.black {
		return schemas.Black
	}
	return schemas.White
}

// HalfmoveClock returns the number of plies since the last capture or pawn move.
func (p Position) HalfmoveClock() int { return int(p.halfmoves) }

// Status reports checkmate, stalemate and dead positions.
func (p Position) Status() Status {
	if p.status != 0 {
		return p.status
	}
	if !p.hasStep() {
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

// LegalMoves returns the legal moves in UCI.
func (p Position) LegalMoves() []string {
	moves := p.library().ValidMoves()
	out := make([]string, len(moves))
	for i, m := range moves {
		out[i] = codeOf(m).UCI()
	}
	return out
}

// pieces is in the order of the library's bitboards.
const pieces = "KQRBNPkqrbnp"

// library returns the library's position. It goes through the library's binary encoding,
// which is ten times faster than its FEN parser.
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
	// The library's counters are left at 0 and 1, as they wrap at 256.
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

// MoveNumber returns the full-move number of the FEN: from 1, and incremented after
// Black's move.
func (p Position) MoveNumber() int { return int(p.move) }
