package game

import (
	"tabiya/internal/clock"
	"tabiya/internal/rules"
	"tabiya/schemas"
)

// line is what the history up to some event amounts to: the moves that stand,
// and the clock without its lag banks, on which no event depends.
type line struct {
	game  *State
	clock clock.Clock
	plies []ply
}

// ply is a move that stands, with both sides' time after it.
type ply struct {
	move         rules.Move
	white, black int64
}

// emptyLine is the line before the first event.
func (s *State) emptyLine() line {
	return line{game: s, clock: clock.New(s.TimeControl, s.CreatedAt), plies: make([]ply, 0, s.Plies)}
}

// turn says whose move is next.
func (l *line) turn() clock.Turn { return l.game.turnAfter(len(l.plies)) }

// take goes one event on. audit is of a move.
func (l *line) take(e entry) (audit schemas.Clock) {
	switch {
	case e.kind == kindStarted:
		l.clock = clock.New(l.game.TimeControl, e.at)
	case e.moves():
		audit = l.clock.Audit(l.game.TimeControl, l.turn(), e.at, e.compensated)
		l.clock = clock.Clock{White: audit.WhiteCs, Black: audit.BlackCs, Since: e.at}
		l.plies = append(l.plies, ply{e.move, audit.WhiteCs, audit.BlackCs})
	}
	return audit
}

// Moves gives the moves in UCI and, for each, what its mover's clock then
// showed in centiseconds. Neither is nil.
func (s *State) Moves() (uci []string, clocksCs []int64) {
	l := s.emptyLine()
	for e := range s.history() {
		l.take(e)
	}
	uci, clocksCs = make([]string, len(l.plies)), make([]int64, len(l.plies))
	for i, p := range l.plies {
		uci[i], clocksCs[i] = p.move.UCI(), p.white
		if s.mover(i) == schemas.Black {
			clocksCs[i] = p.black
		}
	}
	return uci, clocksCs
}
