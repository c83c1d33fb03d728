package oracletest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"tabiya/internal/core/rules"
)

// Perft is a position with the number of leaves of its game tree, by depth from 1.
type Perft struct {
	Name, FEN string
	Leaves    []int
}

// Perfts are the positions of chessprogramming.org/Perft_Results.
var Perfts = []Perft{
	{"start", rules.StartFEN, []int{20, 400, 8902, 197281, 4865609}},
	{"kiwipete", "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", []int{48, 2039, 97862, 4085603}},
	{"position 3", "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", []int{14, 191, 2812, 43238, 674624, 11030083}},
	{"position 4", "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", []int{6, 264, 9467, 422333, 15833292}},
	{"position 5", "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", []int{44, 1486, 62379, 2103487}},
	{"position 6", "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", []int{46, 2079, 89890, 3894594}},
}

// endings are men to scatter over a board. Where they land decides, for example, whether
// bishops are on the same colour, or whether it is mate or stalemate.
var endings = strings.Fields(`KPk KPkp KPPkp Kkq KQkp KQkn KQkb KRkb KRkn KRkr KRkp KNkn KNkb KNkp KNkq KNkr KNkqq KNNk KNNkp
	KBkb KBkbb KBBk KBBkb KBkn KBkp KBkr KBNk KBNkq KPkn KPkb KPPPkppp KQQk KRRk KQPkqp KBPkbp KNPkrp KBBBk KBBBkbb Kk KNk KBk`)

// Start returns a position with a legal move: half of the time the usual starting
// position, else a perft position, an ending, or random men.
func Start(r *rand.Rand) rules.Position {
	for {
		fen := rules.StartFEN
		switch n := r.IntN(20); {
		case n < 10:
		case n < 12:
			fen = Perfts[r.IntN(len(Perfts))].FEN
		case n < 16:
			fen = scatter(r, endings[r.IntN(len(endings))], r.IntN(2) == 0)
		default:
			fen = scatter(r, randomMen(r), false)
		}
		if p, err := rules.ParseFEN(fen); err == nil && len(p.LegalMoves()) > 0 {
			return p
		}
	}
}

func randomMen(r *rand.Rand) string {
	var men strings.Builder
	men.WriteString("Kk")
	for range 2 + r.IntN(20) {
		men.WriteByte("PPPPNBRQppppnbrq"[r.IntN(16)])
	}
	return men.String()
}

// scatter puts men on random squares. The FEN has every possible castling right and
// sometimes an en-passant square, and may be illegal.
func scatter(r *rand.Rand, men string, late bool) string {
	var board [64]byte
	for _, piece := range []byte(men) {
		sq := r.IntN(64)
		for board[sq] != 0 || piece&^0x20 == 'P' && (sq < 8 || sq > 55) {
			sq = r.IntN(64)
		}
		board[sq] = piece
	}
	if r.IntN(2) == 0 {
		moveHome(&board)
	}
	turn := "wb"[r.IntN(2)]
	half := 0
	if late { // near the 50th or the 75th move
		half = []int{80, 95, 140, 147}[r.IntN(4)]
	}
	passed := "-"
	if half == 0 {
		passed = enPassant(r, &board, turn)
	}
	return fmt.Sprintf("%s %c %s %s %d %d", fieldOf(&board), turn, rights(&board), passed, half, 1+half/2+r.IntN(90))
}

// moveHome moves kings and rooks to the squares from which they castle.
func moveHome(board *[64]byte) {
	for _, home := range []struct {
		piece   byte
		squares []int
	}{{'K', []int{4}}, {'k', []int{60}}, {'R', []int{0, 7}}, {'r', []int{56, 63}}} {
		n := 0
		for sq := range board {
			if n < len(home.squares) && board[sq] == home.piece {
				to := home.squares[n]
				if board[to]&^0x20 != 'K' {
					board[sq], board[to] = board[to], board[sq]
				}
				n++
			}
		}
	}
}

func rights(board *[64]byte) string {
	var all strings.Builder
	for _, right := range []struct {
		letter     string
		king, rook int
	}{{"K", 4, 7}, {"Q", 4, 0}, {"k", 60, 63}, {"q", 60, 56}} {
		king, rook := byte('K'), byte('R')
		if right.king == 60 {
			king, rook = 'k', 'r'
		}
		if board[right.king] == king && board[right.rook] == rook {
			all.WriteString(right.letter)
		}
	}
	if all.Len() == 0 {
		return "-"
	}
	return all.String()
}

// enPassant returns the square behind a pawn that may just have made a double step.
func enPassant(r *rand.Rand, board *[64]byte, turn byte) string {
	pawn, rank, back := byte('p'), 4, 8
	if turn == 'b' {
		pawn, rank, back = 'P', 3, -8
	}
	for _, file := range r.Perm(8) {
		if sq := rank*8 + file; board[sq] == pawn && board[sq+back] == 0 && board[sq+2*back] == 0 {
			return fmt.Sprintf("%c%c", 'a'+byte(file), '1'+byte((sq+back)/8))
		}
	}
	return "-"
}

// MutatedFENs returns legal FENs with random changes. Most are well-formed.
func MutatedFENs(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 2))
	fens := make([]string, 0, n)
	for len(fens) < n {
		p := Start(r)
		for range r.IntN(30) {
			moves := p.LegalMoves()
			if len(moves) == 0 {
				break
			}
			p, _, _ = p.Play(moves[r.IntN(len(moves))])
		}
		fen := p.FEN()
		for range 1 + r.IntN(3) {
			fen = mutate(r, fen)
		}
		fens = append(fens, fen)
	}
	return fens
}

func mutate(r *rand.Rand, fen string) string {
	f := strings.Fields(fen)
	board := boardOf(fen)
	a, b := r.IntN(64), r.IntN(64)
	switch r.IntN(12) {
	case 0:
		board[a] = "KQRBNPkqrbnp"[r.IntN(12)]
	case 1:
		board[a] = 0
	case 2, 3:
		board[a], board[b] = board[b], board[a]
	case 4: // many men of one kind
		piece := "QRBNPqrbnp"[r.IntN(10)]
		for range 1 + r.IntN(12) {
			if sq := 8 + r.IntN(48); board[sq]&^0x20 != 'K' {
				board[sq] = piece
			}
		}
	case 5, 6:
		f[1] = string("wb"[r.IntN(2)])
	case 7:
		f[2] = []string{"-", "K", "KQ", "KQkq", "kq", "QK", "Q", "q"}[r.IntN(8)]
	case 8:
		f[3] = fmt.Sprintf("%c%c", "abcdefgh"[r.IntN(8)], "36"[r.IntN(2)])
	case 9:
		f[3] = enPassant(r, &board, f[1][0])
	case 10:
		f[4], f[5] = fmt.Sprint(r.IntN(200)), fmt.Sprint(1+r.IntN(200))
	default:
		f[4], f[5] = "0", "1"
	}
	f[0] = fieldOf(&board)
	return strings.Join(f, " ")
}
