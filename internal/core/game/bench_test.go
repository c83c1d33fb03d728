package game

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// shuffled is a game of that many plies whose position stays close to the starting
// one: mostly knight moves, and now and then a pawn move.
func shuffled(b testing.TB, plies int) *harness {
	g := newGame(b)
	r := rand.New(rand.NewPCG(5, 5))
	for g.state.Plies < plies {
		moves := legal(g.state)
		uci := moves[r.IntN(len(moves))]
		next, san, err := mustParseFEN(g.state.FEN).Play(uci)
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

// BenchmarkDecide measures a move: decode the row, decide, encode the event and the
// row. Both rows hold the same position and differ only in their history.
func BenchmarkDecide(b *testing.B) {
	g := shuffled(b, 299)
	cmd := g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: legal(g.state)[0]})
	young := *g.state
	young.Seq, young.UpdatedAt, young.Plies = 0, young.CreatedAt, young.Plies%2
	young.keys = row.NewKeys([]uint64{rules.KeyOfFEN(young.FEN)})
	young.history = row.NewHistory(young.ID, young.CreatedAt)
	for e := range g.state.history.Entries() {
		if e.Seq > 4 {
			break
		}
		if err := young.record(g.state.history.CommandID(e.Seq), e); err != nil {
			b.Fatal(err)
		}
	}
	young.UpdatedAt = g.state.UpdatedAt
	for _, c := range []struct {
		plies int
		state *State
	}{{3, &young}, {300, g.state}} {
		body := AppendBody(nil, c.state)
		b.Run(fmt.Sprintf("ply=%d", c.plies), func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(body)), "row-bytes")
			for b.Loop() {
				s, err := DecodeBody(gameID, schemas.Head{}, body)
				if err != nil {
					b.Fatal(err)
				}
				next, events, refusal := Decide(s, cmd, g.at+1000)
				if refusal != nil || len(events) != 1 {
					b.Fatal(refusal)
				}
				events[0].Record()
				AppendBody(make([]byte, 17, 17+SizeOf(next)), next)
			}
		})
	}
}

// BenchmarkEvents rebuilds the last event of a long game, and all of them.
func BenchmarkEvents(b *testing.B) {
	s := shuffled(b, 299).state
	for _, from := range []int64{s.Seq, 1} {
		b.Run(fmt.Sprintf("from=%d", from), func(b *testing.B) {
			for b.Loop() {
				s.Events(from)
			}
		})
	}
}
