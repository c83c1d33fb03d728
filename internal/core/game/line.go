package game

import (
	"tabiya/internal/core/clock"
	"tabiya/internal/core/game/row"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// line is the game as its history tells it up to some event: the moves that were
// not taken back, and the clock. The clock's lag banks are not kept: no event
// depends on them.
type line struct {
	game  *State
	clock clock.Clock
	plies []ply
	added [2]int32 // centiseconds added to White's and Black's clock so far

	restored [2]int64 // centiseconds restored to White and Black so far
}

type ply struct {
	move         rules.Move
	added        [2]int32 // line.added at the time of the move
	white, black int64    // centiseconds left after the move
}

// emptyLine is the line before the first event.
func (s *State) emptyLine() line {
	return line{game: s, clock: clock.New(s.TimeControl, s.CreatedAt), plies: make([]ply, 0, s.Plies)}
}

// line is the line after the last event.
func (s *State) line() line {
	l := s.emptyLine()
	for e := range s.history.Entries() {
		l.advance(e)
	}
	return l
}

func (l *line) turn() clock.Turn { return l.game.turnAfter(len(l.plies)) }

func (l *line) deadline() schemas.Time { return l.clock.Deadline(l.game.TimeControl, l.turn()) }

func (l *line) clocks() schemas.Clocks {
	return schemas.Clocks{WhiteCs: l.clock.White, BlackCs: l.clock.Black}
}

// advance adds one event; audit is set for moves.
func (l *line) advance(e row.Entry) (audit schemas.Clock) {
	switch {
	case e.Kind == row.KindStarted:
		l.clock = clock.New(l.game.TimeControl, e.At)
	case e.Kind.IsMove():
		audit = l.clock.Audit(l.game.TimeControl, l.turn(), e.At, e.Centis)
		l.clock = clock.Clock{White: audit.WhiteCs, Black: audit.BlackCs, Since: e.At}
		l.plies = append(l.plies, ply{e.Move, l.added, audit.WhiteCs, audit.BlackCs})
	case e.Kind == row.KindTimeAdded:
		l.clock = l.clock.Add(e.Color, e.Centis)
		l.added[sideIndex(e.Color)] += int32(e.Centis)
	case e.Kind == row.KindTimeRestored:
		l.clock = l.clock.Restore(e.Centis, e.At)
		l.restored[sideIndex(e.Color)] += e.Centis
	case e.Kind == row.KindTakebackAccepted:
		plies := 1
		if e.TwoPlies {
			plies = 2
		}
		l.takeBack(plies, e.At)
	}
	return audit
}

// takeBack removes the last plies. The clocks are set back to what they were, plus
// the time that was added since; the side to move starts thinking at the given
// time.
func (l *line) takeBack(plies int, at schemas.Time) {
	l.plies = l.plies[:len(l.plies)-plies]
	var addedThen [2]int32
	l.clock = clock.New(l.game.TimeControl, at)
	if n := len(l.plies); n > 0 {
		last := l.plies[n-1]
		addedThen, l.clock.White, l.clock.Black = last.added, last.white, last.black
	}
	l.clock.White += int64(l.added[0] - addedThen[0])
	l.clock.Black += int64(l.added[1] - addedThen[1])
}

// boards calls yield with the starting position and with the one after each move.
func (l *line) boards(yield func(rules.Position)) {
	board := mustParseFEN(l.game.StartFEN)
	yield(board)
	for _, p := range l.plies {
		board, _ = board.Replay(p.move)
		yield(board)
	}
}

// board is the current position.
func (l *line) board() (last rules.Position) {
	l.boards(func(p rules.Position) { last = p })
	return last
}

// keys are the keys that State.keys holds for this line.
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

// Moves returns the moves that were not taken back, in UCI, and for each what the
// mover's clock showed after it, in centiseconds. Neither slice is nil.
func (s *State) Moves() (uci []string, clocksCs []int64) {
	l := s.line()
	return l.moves()
}

func (l *line) moves() (uci []string, clocksCs []int64) {
	uci, clocksCs = make([]string, len(l.plies)), make([]int64, len(l.plies))
	for i, p := range l.plies {
		uci[i], clocksCs[i] = p.move.UCI(), p.white
		if l.game.mover(i) == schemas.Black {
			clocksCs[i] = p.black
		}
	}
	return uci, clocksCs
}
