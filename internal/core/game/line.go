package game

import (
	"tabiya/internal/core/clock"
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// line is what the history up to some event amounts to: the moves that stand,
// and the clock without its lag banks, on which no event depends.
type line struct {
	game  *State
	clock clock.Clock
	plies []ply
	added [2]int32 // centiseconds given to each side so far
}

// ply is a move that stands, with both sides' time after it.
type ply struct {
	move         rules.Move
	added        [2]int32 // see line, as of then
	white, black int64
}

// emptyLine is the line before the first event.
func (s *State) emptyLine() line {
	return line{game: s, clock: clock.New(s.TimeControl, s.CreatedAt), plies: make([]ply, 0, s.Plies)}
}

// line is that of the whole history.
func (s *State) line() line {
	l := s.emptyLine()
	for e := range s.history.Entries() {
		l.take(e)
	}
	return l
}

// turn says whose move is next.
func (l *line) turn() clock.Turn { return l.game.turnAfter(len(l.plies)) }

func (l *line) deadline() schemas.Time { return l.clock.Deadline(l.game.TimeControl, l.turn()) }

func (l *line) clocks() schemas.Clocks {
	return schemas.Clocks{WhiteCs: l.clock.White, BlackCs: l.clock.Black}
}

// take goes one event on. audit is of a move.
func (l *line) take(e row.Entry) (audit schemas.Clock) {
	switch {
	case e.Kind == row.KindStarted:
		l.clock = clock.New(l.game.TimeControl, e.At)
	case e.Kind.IsMove():
		audit = l.clock.Audit(l.game.TimeControl, l.turn(), e.At, e.Centis)
		l.clock = clock.Clock{White: audit.WhiteCs, Black: audit.BlackCs, Since: e.At}
		l.plies = append(l.plies, ply{e.Move, l.added, audit.WhiteCs, audit.BlackCs})
	case e.Kind == row.KindTimeAdded:
		l.clock = l.clock.Add(e.Color, e.Centis)
		l.added[index(e.Color)] += int32(e.Centis)
	case e.Kind == row.KindTakebackAccepted:
		plies := 1
		if e.TwoPlies {
			plies = 2
		}
		l.takeBack(plies, e.At)
	}
	return audit
}

// takeBack takes back the last plies. The clocks are again as they were, but
// nobody loses what he was given since; the side to move thinks from now on.
func (l *line) takeBack(plies int, at schemas.Time) {
	l.plies = l.plies[:len(l.plies)-plies]
	var then [2]int32
	l.clock = clock.New(l.game.TimeControl, at)
	if n := len(l.plies); n > 0 {
		last := l.plies[n-1]
		then, l.clock.White, l.clock.Black = last.added, last.white, last.black
	}
	l.clock.White += int64(l.added[0] - then[0])
	l.clock.Black += int64(l.added[1] - then[1])
}

// boards calls yield with the starting position and with that after each move.
func (l *line) boards(yield func(rules.Position)) {
	board := position(l.game.StartFEN)
	yield(board)
	for _, p := range l.plies {
		board, _ = board.Replay(p.move)
		yield(board)
	}
}

// board is the position.
func (l *line) board() (last rules.Position) {
	l.boards(func(p rules.Position) { last = p })
	return last
}

// keys are those that the row keeps for repetition.
func (l *line) keys() row.Keys {
	var keys []uint64
	l.boards(func(p rules.Position) {
		if p.HalfmoveClock() == 0 {
			keys = keys[:0]
		}
		keys = append(keys, p.Key())
	})
	return row.NewKeys(keys)
}

// Moves gives the moves that stand in UCI and, for each, what its mover's clock
// then showed in centiseconds. Neither is nil.
func (s *State) Moves() (uci []string, clocksCs []int64) {
	l := s.line()
	uci, clocksCs = make([]string, len(l.plies)), make([]int64, len(l.plies))
	for i, p := range l.plies {
		uci[i], clocksCs[i] = p.move.UCI(), p.white
		if s.mover(i) == schemas.Black {
			clocksCs[i] = p.black
		}
	}
	return uci, clocksCs
}
