package check

import (
	"slices"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// board is a game as its events make it.
type board struct {
	positions []rules.Position // after each ply; the first is the start
	moves     []string
}

// Games replays each game from its events: every move is legal, is written as the rules
// write it, and its time is accounted for, and the terminal event tells the same game.
func (l Log) Games() []Finding {
	f, games := findings{check: "games"}, map[string]*board{}
	for _, r := range l {
		if r.Topic != schemas.GameEvents {
			continue
		}
		if created, ok := r.Payload.(*schemas.GameCreatedPayload); ok {
			start, err := rules.ParseFEN(created.FEN)
			if err != nil {
				f.addf("game %s starts from %q: %v", r.Key, created.FEN, err)
				continue
			}
			games[r.Key] = &board{positions: []rules.Position{start}}
			continue
		}
		b := games[r.Key]
		if b == nil {
			f.addf("game %s: %s before it was created", r.Key, r.Type)
			continue
		}
		switch p := r.Payload.(type) {
		case *schemas.MoveMadePayload:
			b.move(&f, r, p)
		case *schemas.TakebackAcceptedPayload:
			if p.Ply < 0 || p.Ply > len(b.moves) {
				f.addf("game %s seq %d takes back to ply %d of %d", r.Key, r.Seq, p.Ply, len(b.moves))
				continue
			}
			b.positions, b.moves = b.positions[:p.Ply+1], b.moves[:p.Ply]
		case *schemas.GameOver:
			if !slices.Equal(p.Moves, b.moves) || p.Plies != len(b.moves) || p.FEN != b.last().FEN() {
				f.addf("game %s ended with %d plies %v at %s after %v", r.Key, p.Plies, p.Moves, p.FEN, b.moves)
			}
		}
	}
	return f.list()
}

func (b *board) last() rules.Position { return b.positions[len(b.positions)-1] }

func (b *board) move(f *findings, r Event, p *schemas.MoveMadePayload) {
	before := b.last()
	next, san, err := before.Play(p.UCI)
	switch {
	case err != nil:
		f.addf("game %s seq %d: move %s: %v", r.Key, r.Seq, p.UCI, err)
		return
	case p.Ply != len(b.moves)+1 || p.Color != before.Turn():
		f.addf("game %s seq %d: %s is ply %d by %s, not ply %d by %s", r.Key, r.Seq, p.UCI, p.Ply, p.Color, len(b.moves)+1, before.Turn())
	case san != p.SAN || next.FEN() != p.FEN:
		f.addf("game %s seq %d: %s gives %s and %s, not %s and %s", r.Key, r.Seq, p.UCI, san, next.FEN(), p.SAN, p.FEN)
	}
	// A side's first move is not charged; time while nobody could move is not either.
	if c := p.Clock; c.ChargedCs < 0 || c.CompensatedCs < 0 || c.ElapsedCs < c.ChargedCs+c.CompensatedCs {
		f.addf("game %s seq %d: of %d cs, %d were charged and %d compensated", r.Key, r.Seq, c.ElapsedCs, c.ChargedCs, c.CompensatedCs)
	}
	b.positions, b.moves = append(b.positions, next), append(b.moves, p.UCI)
}
