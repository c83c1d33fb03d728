package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

// order is what came first.
type order int

const (
	moveFirst order = iota // the move, in time
	lateMove               // the move, but its time was over: it finds its own flag fallen
	flagFirst              // the timer's command
	noOrder                // there is not enough in the log to say
)

// outcome is what a duel comes to.
type outcome struct {
	moves       int
	result      schemas.Result
	termination schemas.Termination
	seq         int64        // what White is told: the event of his move,
	code        schemas.Code // or why there is none
	by          schemas.CommandType
	offset      int64 // of the command that ended it
}

func (o outcome) String() string {
	return fmt.Sprintf("%d moves, White was told %d %q, %s, %s by the %s at offset %d", o.moves, o.seq, o.code, o.result, o.termination, o.by, o.offset)
}

// check wants both players to have been told what is in the log, and the log to
// have the outcome that follows from the commands' order and broker times.
func (d *duel) check(t testing.TB, sent commands, events []record) order {
	t.Helper()
	var values []string
	var moves []*schemas.MoveMadePayload
	got := outcome{seq: d.seq, code: d.code}
	for _, r := range events {
		values = append(values, r.value)
		switch p := r.Payload.(type) {
		case *schemas.MoveMadePayload:
			moves = append(moves, p)
		case *schemas.GameOver:
			end := sent.cause(r.Event)
			got.moves, got.result, got.termination, got.by, got.offset = p.Plies, p.Result, p.Termination, end.Type, end.offset
		}
	}
	for side, heard := range d.heard {
		if !slices.Equal(heard, values) {
			t.Errorf("game %s: side %d was told\n%s\nthe log has\n%s", d.id, side, strings.Join(heard, "\n"), strings.Join(values, "\n"))
		}
	}
	if got.by == "" || len(moves) < racingPly-1 {
		t.Errorf("game %s: %s; the log has\n%s", d.id, got, strings.Join(values, "\n"))
		return noOrder
	}
	first, want := d.expect(sent, moves, events)
	if got != want {
		t.Errorf("game %s: %s; not %s", d.id, got, want)
	}
	return first
}

// expect is what has to become of it. Time alone decides whether the move is in
// time; if not, it loses to the flag, by whichever command came first. And if it
// is, Black does not move.
func (d *duel) expect(sent commands, moves []*schemas.MoveMadePayload, events []record) (order, outcome) {
	id := schemas.GameCommandID(d.id, schemas.CommandID(d.players[0].ID, d.key))
	move := sent.first(func(c command) bool { return c.ID == id })
	before := moves[racingPly-2]
	flag := sent.flag(before)
	lost := outcome{moves: racingPly - 1, result: schemas.BlackWins, termination: schemas.TimeForfeit, code: schemas.CodeGameOver}
	switch {
	case move.at < timeAfter(before, move.Payload.(*schemas.PlayMovePayload).LagCs):
		made := slices.IndexFunc(events, func(r record) bool { return r.Type == schemas.MoveMade && r.CommandID == id })
		flag = sent.flag(moves[len(moves)-1])
		return moveFirst, outcome{moves: racingPly, result: schemas.WhiteWins, termination: schemas.TimeForfeit, seq: int64(made + 1), by: flag.Type, offset: flag.offset}
	case move.offset < flag.offset:
		lost.by, lost.offset = move.Type, move.offset
		return lateMove, lost
	default:
		lost.by, lost.offset = flag.Type, flag.offset
		return flagFirst, lost
	}
}
