package game

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

func TestRandomGamesReplayByteForByte(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			playRandomly(t, rand.New(rand.NewPCG(seed, 7)))
		})
	}
}

// playRandomly sends legal and illegal commands until the game is over, and then
// rematch commands.
func playRandomly(t *testing.T, r *rand.Rand) {
	p := createPayload()
	if r.IntN(2) == 0 {
		p.FEN, p.Private = []string{rookEndgame, enPassant}[r.IntN(2)], true
	}
	g := newGameOf(t, p)
	m := newModel(g)
	pulses := r.IntN(2) == 0
	for !g.state.Over() {
		g.at += schemas.Time(r.IntN(4000))
		if pulses && r.IntN(4) != 0 {
			g.pulse()
			g.at += schemas.Time(r.IntN(500))
		}
		if pulses && r.IntN(150) == 0 {
			g.at += 700_000
			g.pulse()
		}
		if r.IntN(100) == 0 {
			g.at += schemas.Time(r.IntN(120_000))
		}
		m.step(randomCommand(g, r))
	}
	for range 8 {
		g.at += schemas.Time(r.IntN(4000))
		m.step(g.command(pick(r, schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch, schemas.Resign), randomActor(g, r), nil))
	}
	g.checkHistory()
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomActor(g *harness, r *rand.Rand) string {
	if r.IntN(50) == 0 {
		return pick(r, "nobody", schemas.ActorService, schemas.ActorSystem)
	}
	return pick(r, whiteID, blackID)
}

func randomCommand(g *harness, r *rand.Rand) schemas.Command {
	const system = schemas.ActorSystem
	color := pick(r, schemas.White, schemas.Black, "")
	switch n := r.IntN(1000); {
	case n < 750:
		move := &schemas.PlayMovePayload{UCI: pick(r, legal(g.state)...), Ply: r.IntN(2) * (g.state.Plies + 1), LagCs: max(0, r.Int64N(400)-200)}
		if r.IntN(10) == 0 {
			return g.command(schemas.PlayMove, randomActor(g, r), move)
		}
		return g.command(schemas.PlayMove, g.actor(), move)
	case n < 800:
		return g.command(pick(r, schemas.OfferDraw, schemas.DeclineDraw, schemas.ClaimDraw), randomActor(g, r), nil)
	case n < 900:
		return g.command(pick(r, schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback), randomActor(g, r), nil)
	case n < 920:
		return g.command(schemas.AddTime, randomActor(g, r), nil)
	case n < 950:
		return g.command(schemas.MarkGone, system, &schemas.MarkGonePayload{Color: color, Left: r.IntN(2) == 0})
	case n < 980:
		return g.command(schemas.MarkPresent, system, &schemas.MarkPresentPayload{Color: color})
	case n < 990:
		return g.command(schemas.ClaimVanished, randomActor(g, r), &schemas.ClaimVanishedPayload{
			As: pick(r, schemas.ClaimWin, schemas.ClaimDrawOnly, ""), GoneSince: g.state.GoneSince(color),
		})
	case n < 999:
		return g.command(schemas.CheckFlag, system, &schemas.CheckFlagPayload{})
	default:
		return g.command(pick(r, schemas.Resign, schemas.AcceptDraw, schemas.AbortGame), randomActor(g, r), nil)
	}
}

// model follows a game's events in the simplest way, to compare with the state.
type model struct {
	*harness
	moves    []string
	fens     []string         // at the start and after each move
	clocks   []schemas.Clocks // likewise, including time added since
	clocksCs []int64

	restored schemas.Clocks // in the whole game
	sinceCs  int64          // restored since the last move
}

func newModel(g *harness) *model {
	c := g.state.Clock
	return &model{harness: g, fens: []string{g.state.FEN}, clocks: []schemas.Clocks{{WhiteCs: c.White, BlackCs: c.Black}}}
}

func (m *model) step(cmd schemas.Command) {
	m.t.Helper()
	before := m.state
	events, _ := m.send(cmd)
	for _, ev := range events {
		m.follow(before, ev)
	}
	if len(events) == 0 {
		return
	}
	m.compare()
	m.at += 7
	answer := events[0]
	if answer.Type == schemas.TimeRestored && len(events) > 1 {
		answer = events[1]
	}
	if _, again := m.send(cmd); again == nil || again.Seq != answer.Seq {
		m.t.Fatalf("%s sent twice: %+v", cmd.Type, again)
	}
}

func (m *model) followRestored(before *State, ev schemas.Event, p *schemas.TimeRestoredPayload) {
	m.t.Helper()
	if p.Color != before.Turn() || p.RestoredCs <= 0 {
		m.t.Fatalf("%+v, but it is %s's turn", p, before.Turn())
	}
	m.sinceCs += p.RestoredCs
	if p.Color == schemas.White {
		m.restored.WhiteCs += p.RestoredCs
	} else {
		m.restored.BlackCs += p.RestoredCs
	}
	if m.sinceCs > ev.OccurredAt.Centis()-before.Clock.Since.Centis() || p.DeadlineAt != before.Clock.Deadline(before.TimeControl, before.turn())+schemas.Time(10*p.RestoredCs) {
		m.t.Fatalf("%+v, %d cs since the last move at %v, before the deadline was %v", p, m.sinceCs, before.Clock.Since, before.Deadline())
	}
}

func (m *model) follow(before *State, ev schemas.Event) {
	m.t.Helper()
	last := &m.clocks[len(m.clocks)-1]
	switch p := ev.Payload.(type) {
	case *schemas.MoveMadePayload:
		paid := p.Clock.ChargedCs
		if before.Plies >= 2 {
			paid -= before.TimeControl.IncrementCs
			if p.Clock.ChargedCs+p.Clock.CompensatedCs+p.Clock.RestoredCs != p.Clock.ElapsedCs {
				m.t.Fatalf("charged, compensated and restored are not elapsed: %+v", p.Clock)
			}
			if p.Clock.ChargedCs < 0 || p.Clock.RestoredCs != m.sinceCs {
				m.t.Fatalf("%+v, but %d cs were restored", p.Clock, m.sinceCs)
			}
		}
		m.sinceCs = 0
		after := schemas.Clocks{WhiteCs: p.Clock.WhiteCs, BlackCs: p.Clock.BlackCs}
		if last.WhiteCs+last.BlackCs-paid != after.WhiteCs+after.BlackCs {
			m.t.Fatalf("the clocks went from %+v to %+v after %+v", *last, after, p.Clock)
		}
		cs := after.WhiteCs
		if p.Color == schemas.Black {
			cs = after.BlackCs
		}
		m.moves, m.fens, m.clocks, m.clocksCs = append(m.moves, p.UCI), append(m.fens, p.FEN), append(m.clocks, after), append(m.clocksCs, cs)
	case *schemas.TakebackAcceptedPayload:
		n := len(m.moves) - p.Ply
		if n < 1 || n > 2 || before.mover(p.Ply) != before.TakebackOffer {
			m.t.Fatalf("%s took back to ply %d of %d", before.TakebackOffer, p.Ply, len(m.moves))
		}
		m.sinceCs = 0
		m.moves, m.fens, m.clocks, m.clocksCs = m.moves[:p.Ply], m.fens[:p.Ply+1], m.clocks[:p.Ply+1], m.clocksCs[:p.Ply]
		if p.FEN != m.fens[p.Ply] || p.Clock != m.clocks[p.Ply] {
			m.t.Fatalf("%+v, want %s %+v", p, m.fens[p.Ply], m.clocks[p.Ply])
		}
	case *schemas.TimeRestoredPayload:
		m.followRestored(before, ev, p)
	case *schemas.TimeAddedPayload:
		for i := range m.clocks {
			if p.Color == schemas.White {
				m.clocks[i].WhiteCs += p.AddedCs
			} else {
				m.clocks[i].BlackCs += p.AddedCs
			}
		}
		if p.Clock != *last {
			m.t.Fatalf("%+v, want %+v", p, *last)
		}
	case *schemas.GameOver:
		if !slices.Equal(p.Moves, m.moves) || !slices.Equal(p.ClocksCs, m.clocksCs) || p.Plies != len(m.moves) || p.FEN != m.fens[len(m.moves)] {
			m.t.Fatalf("%+v\nwant %v %v", p, m.moves, m.clocksCs)
		}
		if (p.RestoredCs == nil) != (m.restored == schemas.Clocks{}) || p.RestoredCs != nil && *p.RestoredCs != m.restored {
			m.t.Fatalf("%+v, but %+v was restored", p.RestoredCs, m.restored)
		}
	}
}

// compare compares the state with the model.
func (m *model) compare() {
	m.t.Helper()
	s := m.state
	if s.Over() {
		return
	}
	now := m.clocks[len(m.clocks)-1]
	if s.FEN != m.fens[s.Plies] || s.Plies != len(m.moves) || s.Clock.White != now.WhiteCs || s.Clock.Black != now.BlackCs {
		m.t.Fatalf("%+v, want %s %+v", s, m.fens[len(m.moves)], now)
	}
	if s.Plies > 0 && (s.Turn() == schemas.White) != (mustParseFEN(s.FEN).Turn() == schemas.White) {
		m.t.Fatalf("it is %s's turn in %s", s.Turn(), s.FEN)
	}
	key, times := rules.KeyOfFEN(s.FEN), 0
	for _, fen := range m.fens {
		if rules.KeyOfFEN(fen) == key {
			times++
		}
	}
	if got := s.repetitions(key); got != times {
		m.t.Fatalf("the position occurred %d times, not %d", times, got)
	}
	if deadline := s.Deadline(); !s.Waiting() && (s.FlagAt() < deadline || s.FlagAt() > deadline+2000) {
		m.t.Fatalf("the flag falls at %v, the deadline is %v", s.FlagAt(), deadline)
	}
}
