package rules

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

func FuzzParseFEN(f *testing.F) {
	for _, fen := range []string{StartFEN, "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "8/8/8/8 w", "\xff"} {
		f.Add(fen)
	}
	f.Fuzz(func(t *testing.T, fen string) {
		p, err := ParseFEN(fen)
		if err != nil {
			return
		}
		written := p.FEN()
		again, err := ParseFEN(written)
		if err != nil || again != p || again.FEN() != written {
			t.Fatalf("%q became %q: %v", fen, written, err)
		}
		p.Status()
		for _, uci := range p.LegalMoves() {
			next, san, err := p.Play(uci)
			if err != nil {
				t.Fatalf("%s in %s: %v", uci, written, err)
			}
			checkReplay(t, p, next, uci, san)
		}
	})
}

// checkReplay compares a judged move with the same move made without a judge.
func checkReplay(t *testing.T, p, next Position, uci, san string) {
	t.Helper()
	m, err := Note(uci, san, next.FEN())
	if err != nil {
		t.Fatal(err)
	}
	replayed, again := p.Replay(m)
	replayed.status = next.status
	if replayed != next || again != san || m.UCI() != uci {
		t.Fatalf("%s (%s) in %s replayed as %s (%s): %s, want %s", uci, san, p.FEN(), m.UCI(), again, replayed.FEN(), next.FEN())
	}
}

func FuzzPlay(f *testing.F) {
	f.Add("e2e4", uint64(1))
	f.Add("e7e8q", uint64(77))
	f.Add("Nf3", uint64(5))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		p := Start()
		r := rand.New(rand.NewPCG(seed, 1))
		for range r.IntN(60) {
			moves := p.LegalMoves()
			if len(moves) == 0 {
				break
			}
			p, _, _ = p.Play(moves[r.IntN(len(moves))])
		}
		if next, san, err := p.Play(text); err == nil {
			checkReplay(t, p, next, text, san)
		}
		if next, uci, san, err := p.PlaySAN(text); err == nil {
			checkReplay(t, p, next, uci, san)
			if !utf8.ValidString(san) {
				t.Fatalf("%q", san)
			}
		}
	})
}

func FuzzReplay(f *testing.F) {
	f.Add(uint32(0xfffff))
	f.Fuzz(func(_ *testing.T, code uint32) {
		p, _ := Start().Replay(Move(code))
		p.Replay(Move(code >> 3))
		p.FEN()
	})
}

func BenchmarkPlay(b *testing.B) {
	p, err := ParseFEN("r1bq1rk1/pp2bppp/2n1pn2/3p4/2PP4/2N2N2/PP2BPPP/R1BQ1RK1 w - - 0 9")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Play("c4d5"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFEN(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p, err := ParseFEN(StartFEN)
		if err != nil || p.FEN() != StartFEN {
			b.Fatal(err)
		}
	}
}
