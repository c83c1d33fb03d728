package rules

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// maxStartMove leaves room below maxCount for the moves of the game itself. No real game
// gets this far: the 75-move rule ends the longest before move 8,900.
const maxStartMove = 9000

// ParseStart parses a FEN requested as a starting position. Besides what ParseFEN refuses
// it refuses positions that no game can reach, as far as simple checks show, and games
// that are over. The error says why.
func ParseStart(fen string) (Position, error) {
	p, err := parseFEN(fen)
	if err == nil {
		passed, _ := square(strings.Fields(fen)[3]) // p has it only if a pawn can capture there
		err = p.checkStart(passed)
	}
	if err != nil {
		return Position{}, fmt.Errorf("FEN %.100q: %w", fen, err)
	}
	return p, nil
}

// checkStart returns why no game can start in p; passed is the en-passant square of its
// FEN, 0 if it has none.
func (p *Position) checkStart(passed int) error {
	for _, side := range []string{"KQRBNP", "kqrbnp"} {
		if err := p.tooMany(side); err != nil {
			return err
		}
	}
	if err := p.impossibleCheck(passed); err != nil {
		return err
	}
	plies := 2*(int(p.move)-1) + 1
	if !p.black {
		plies--
	}
	switch {
	case p.move > maxStartMove:
		return fmt.Errorf("the move number is at most %d", maxStartMove)
	case int(p.halfmoves) > plies:
		return errors.New("the half-move clock counts more plies than the move number allows")
	case passed > 0 && p.halfmoves > 0:
		return errors.New("with an en-passant square the half-move clock is 0")
	}
	switch status := p.Status(); {
	case status == Checkmate:
		return errors.New("the game is over: checkmate")
	case status == Stalemate:
		return errors.New("the game is over: stalemate")
	case status == Insufficient:
		return errors.New("the game is over: neither side has the material to mate")
	case p.halfmoves >= 150:
		return errors.New("the game is over: 75 moves without a capture or a pawn move")
	}
	return nil
}

// tooMany checks how many men a side has. Its letters are given king first, pawn last.
func (p *Position) tooMany(letters string) error {
	var n [6]int
	var bishops [2]int // on dark and on light squares
	men := 0
	for sq, piece := range p.board {
		i := strings.IndexByte(letters, piece)
		if i < 0 {
			continue
		}
		men++
		n[i]++
		if upper(piece) == 'B' {
			bishops[(rank(sq)+file(sq))%2]++
		}
	}
	promoted := max(n[1]-1, 0) + max(n[2]-2, 0) + max(bishops[0]-1, 0) + max(bishops[1]-1, 0) + max(n[4]-2, 0)
	switch pawns := n[5]; {
	case men > 16:
		return errors.New("a side has more than 16 men")
	case pawns > 8:
		return errors.New("a side has more than 8 pawns")
	case pawns+promoted > 8:
		return errors.New("a side has more promoted pieces than missing pawns")
	}
	return nil
}

// impossibleCheck refuses checks that no last move can have given.
func (p *Position) impossibleCheck(passed int) error {
	king := p.king(p.black)
	from := p.attackers(king, !p.black)
	first := bits.TrailingZeros64(uint64(from))
	switch {
	case from.count() > 2:
		return errors.New("more than two pieces give check")
	case from.count() == 2 && inLine(king, first, 63-bits.LeadingZeros64(uint64(from))):
		return errors.New("two pieces give check along one line")
	case from == 0 || passed == 0:
		return nil
	}
	// The last move was a pawn's double step. Either the pawn gives check or its move
	// opened a line, not both; and the king was not in check before it.
	ahead := -8
	if p.black {
		ahead = 8
	}
	before := *p
	before.board[passed-ahead], before.board[passed+ahead] = p.board[passed+ahead], 0
	if from.count() > 1 || !from.has(passed+ahead) && before.attacked(king, !p.black) {
		return errors.New("the pawn that passed the en-passant square cannot have given this check")
	}
	return nil
}

// inLine reports whether three squares are on one rank, file or diagonal.
func inLine(a, b, c int) bool {
	onFile := file(a) == file(b) && file(b) == file(c)
	onRank := rank(a) == rank(b) && rank(b) == rank(c)
	up := rank(a)-file(a) == rank(b)-file(b) && rank(b)-file(b) == rank(c)-file(c)
	down := rank(a)+file(a) == rank(b)+file(b) && rank(b)+file(b) == rank(c)+file(c)
	return onFile || onRank || up || down
}
