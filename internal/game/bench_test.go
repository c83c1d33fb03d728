package game

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tabiya/internal/rules"
	"tabiya/schemas"
)

// shuffled is a game of that many plies whose board is like the one it began
// with: knights jump about, and a pawn moves now and then.
func shuffled(b testing.TB, plies int) *table {
	g := newTable(b)
	r := rand.New(rand.NewPCG(5, 5))
	for g.state.Plies < plies {
		p, err := rules.ParseFEN(g.state.FEN)
		if err != nil {
			b.Fatal(err)
		}
		moves := p.LegalMoves()
		uci := moves[r.IntN(len(moves))]
		next, san, err := p.Play(uci)
		fits := len(san) == 3 && san[0] == 'N'
		if g.state.Plies%60 >= 58 {
			fits = len(san) == 2 && (san[1] == '3' || san[1] == '6')
		}
		if err != nil || !fits || g.state.repetitions(next.Key()) > 2 {
			continue
		}
		g.play(uci)
		g.events = nil
	}
	return g
}

func BenchmarkDecide(b *testing.B) {
	for _, plies := range []int{3, 300} {
		b.Run(fmt.Sprintf("ply=%d", plies), func(b *testing.B) {
			g := shuffled(b, plies-1)
			body := AppendBody(nil, g.state)
			p, err := rules.ParseFEN(g.state.FEN)
			if err != nil {
				b.Fatal(err)
			}
			cmd := g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: p.LegalMoves()[0]})
			at := g.at + 1000
			b.ReportAllocs()
			b.ReportMetric(float64(len(body)), "row-bytes")
			for b.Loop() {
				s, err := DecodeBody(gameID, schemas.Head{}, body)
				if err != nil {
					b.Fatal(err)
				}
				next, events, refusal := Judge(s, cmd, at)
				if refusal != nil || len(events) != 1 {
					b.Fatal(refusal)
				}
				AppendBody(make([]byte, 17, 1024), next)
			}
		})
	}
}
