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
			t.Fatalf("%q was written as %q: %v", fen, written, err)
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

// checkReplay compares a played move with its Replay.
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

// A game can start from every position that ParseStart accepts, and every later position
// has a valid FEN.
func FuzzParseStart(f *testing.F) {
	for _, fen := range []string{StartFEN, "8/8/8/7k/4P3/8/8/K2B4 b - e3 0 9", "k7/8/8/8/8/NNN5/PPPPPPP1/K7 w - - 149 9000", "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 3 9"} {
		f.Add(fen, uint64(1))
	}
	f.Fuzz(func(t *testing.T, fen string, seed uint64) {
		p, err := ParseStart(fen)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if p.Status() != None || len(p.LegalMoves()) == 0 {
			t.Fatalf("%s is over", fen)
		}
		r := rand.New(rand.NewPCG(seed, 2))
		for range 30 {
			if again, err := ParseFEN(p.FEN()); err != nil || again.FEN() != p.FEN() || again.Key() != p.Key() {
				t.Fatalf("from %s: %s, %v", fen, p.FEN(), err)
			}
			moves := p.LegalMoves()
			if len(moves) == 0 {
				return
			}
			p, _, _ = p.Play(moves[r.IntN(len(moves))])
		}
	})
}

func FuzzParseUCI(f *testing.F) {
	for _, uci := range []string{"e2e4", "e7e8q", "a1h8n", "e1g1", "0000", "e2e4\x00"} {
		f.Add(uci)
	}
	f.Fuzz(func(t *testing.T, uci string) {
		if m, ok := ParseUCI(uci); ok && m.UCI() != uci {
			t.Fatalf("%q was written as %q", uci, m.UCI())
		}
	})
}

// A text that PlaySAN accepts is a legal move, and its canonical SAN is the same move.
func FuzzPlaySAN(f *testing.F) {
	for _, text := range []string{"e4", "Nf3", "0-0-0", "Qh4xe1#", "exd6 e.p.", "a8=Q+", "Ng1-f3!?"} {
		f.Add(StartFEN, text)
		f.Add("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", text)
		f.Add("8/8/k7/3pP3/4Q2Q/8/8/K6Q w - d6 0 1", text)
	}
	f.Fuzz(func(t *testing.T, fen, text string) {
		p, err := ParseFEN(fen)
		if err != nil {
			return
		}
		next, uci, san, err := p.PlaySAN(text)
		if err != nil {
			return
		}
		played, other, err := p.Play(uci)
		if err != nil || played != next || other != san {
			t.Fatalf("%q in %s is %s (%s), played: %s %v", text, p.FEN(), uci, san, other, err)
		}
		if again, err := p.SAN(san); err != nil || again != uci {
			t.Fatalf("%s in %s is %s, %s is %s (%v)", text, p.FEN(), uci, san, again, err)
		}
		checkReplay(t, p, next, uci, san)
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
