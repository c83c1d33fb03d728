package oracletest

import (
	"iter"
	"math/rand/v2"
	"strings"

	"tabiya/internal/core/rules"
)

// Game is a game to compare.
type Game struct {
	FEN   string
	Moves []string // UCI
}

// style has weights for choosing random moves, so that rare situations occur.
type style struct {
	capture, pawn, back int  // weights of such moves; back undoes the side's last move
	ends                bool // often chooses checkmate or stalemate
	plies               int  // maximum
}

// usual is the weight of all other moves.
const usual = 10

var styles = []style{
	{capture: usual, pawn: usual, back: usual, plies: 80},
	{capture: 80, pawn: usual, back: usual, plies: 150},         // leads to bare endings
	{capture: 20, pawn: 60, back: usual, plies: 120},            // leads to promotions and en passant
	{capture: 0, pawn: 0, back: usual, plies: 180},              // leads to 50 and 75 moves
	{capture: 1, pawn: 2, back: 400, plies: 60},                 // leads to repetitions
	{capture: 30, pawn: usual, back: 1, ends: true, plies: 100}, // leads to checkmate and stalemate
}

// RandomGames returns random games with that many plies in total, from the usual starting
// position and from others. The same seed gives the same games.
func RandomGames(seed uint64, plies int) iter.Seq[Game] {
	return func(yield func(Game) bool) {
		r := rand.New(rand.NewPCG(seed, 1))
		for played := 0; played < plies; {
			s := styles[r.IntN(len(styles))]
			g := randomGame(r, Start(r), s, min(s.plies, plies-played))
			if played += len(g.Moves); len(g.Moves) > 0 && !yield(g) {
				return
			}
		}
	}
}

func randomGame(r *rand.Rand, p rules.Position, s style, plies int) Game {
	g := Game{FEN: p.FEN()}
	for len(g.Moves) < plies {
		moves := p.LegalMoves()
		// Dead positions are sometimes played on.
		if len(moves) == 0 || p.Status() == rules.Insufficient && r.IntN(4) == 0 {
			break
		}
		undo := ""
		if n := len(g.Moves); n >= 2 {
			undo = g.Moves[n-2][2:4] + g.Moves[n-2][:2]
		}
		uci := moves[s.pick(r, p, moves, undo)]
		p, _, _ = p.Play(uci) // a legal move that Play refuses shows up as a difference to the oracle
		g.Moves = append(g.Moves, uci)
	}
	return g
}

func (s style) pick(r *rand.Rand, p rules.Position, moves []string, undo string) int {
	if s.ends && r.IntN(3) == 0 {
		for i, uci := range moves {
			next, _, _ := p.Play(uci)
			if status := next.Status(); status == rules.Checkmate || status == rules.Stalemate {
				return i
			}
		}
	}
	board := boardOf(p.FEN())
	weights, sum := make([]int, len(moves)), 0
	for i, uci := range moves {
		weights[i] = s.weight(&board, uci, undo)
		sum += weights[i]
	}
	if sum == 0 {
		return r.IntN(len(moves))
	}
	at := r.IntN(sum)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return 0
}

func (s style) weight(board *[64]byte, uci, undo string) int {
	from, to := index(uci[:2]), index(uci[2:4])
	piece := board[from] &^ 0x20
	captures := board[to] != 0
	switch {
	case uci == undo:
		return s.back
	case piece == 'P' && uci[0] != uci[2] && !captures: // en passant
		return max(s.pawn, s.capture) * 10
	case piece == 'K' && uci[0] == 'e' && (uci[2] == 'g' || uci[2] == 'c'):
		return usual * 5
	case captures:
		return s.capture
	case piece == 'P':
		return s.pawn
	}
	return usual
}

func index(square string) int { return int(square[1]-'1')*8 + int(square[0]-'a') }

// boardOf parses the first field of a FEN. Index 0 is a1; an empty square is 0.
func boardOf(fen string) (board [64]byte) {
	sq := 56
	for i := 0; i < len(fen) && fen[i] != ' '; i++ {
		switch c := fen[i]; {
		case c == '/':
			sq -= 16
		case c <= '8':
			sq += int(c - '0')
		default:
			board[sq] = c
			sq++
		}
	}
	return board
}

// fieldOf is the reverse of boardOf.
func fieldOf(board *[64]byte) string {
	var b strings.Builder
	for rank := 7; rank >= 0; rank-- {
		empty := byte(0)
		for _, piece := range board[rank*8 : rank*8+8] {
			if piece == 0 {
				empty++
				continue
			}
			if empty > 0 {
				b.WriteByte('0' + empty)
			}
			b.WriteByte(piece)
			empty = 0
		}
		if empty > 0 {
			b.WriteByte('0' + empty)
		}
		if rank > 0 {
			b.WriteByte('/')
		}
	}
	return b.String()
}
