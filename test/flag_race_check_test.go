package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

// order says what came first in a race.
type order int

const (
	moveFirst order = iota // the move, in time
	lateMove               // the move, after its flag had fallen
	flagFirst              // the CheckFlag command
	noOrder                // unknown: the log has too little
)

// outcome is the result of a race.
type outcome struct {
	moves       int
	result      schemas.Result
	termination schemas.Termination
	seq         int64               // White's answer: the seq of the move's event,
	code        schemas.Code        // or the code of its refusal
	by          schemas.CommandType // the command that ended the game
	offset      int64               // of that command
}

func (o outcome) String() string {
	return fmt.Sprintf("%d moves, White got seq %d code %q, %s, %s by %s at offset %d", o.moves, o.seq, o.code, o.result, o.termination, o.by, o.offset)
}

// check verifies that both players were told exactly what is in the log, and that the log
// has the outcome that follows from the order and the broker times of the commands.
func (d *raceGame) check(t testing.TB, sent commands, events []record) order {
	t.Helper()
	var values []string
	var moves []*schemas.MoveMadePayload
	got := outcome{seq: d.seq, code: d.code}
	for _, r := range events {
		values = append(values, r.Value)
		switch p := r.Payload.(type) {
		case *schemas.MoveMadePayload:
			moves = append(moves, p)
		case *schemas.GameOver:
			end := sent.cause(r.Event)
			got.moves, got.result, got.termination, got.by, got.offset = p.Plies, p.Result, p.Termination, end.Type, end.offset
		}
	}
	for side, received := range d.events {
		if !slices.Equal(received, values) {
			t.Errorf("game %s: side %d received\n%s\nbut the log has\n%s", d.id, side, strings.Join(received, "\n"), strings.Join(values, "\n"))
		}
	}
	if got.by == "" || len(moves) < racingPly-1 {
		t.Errorf("game %s: %s; the log has\n%s", d.id, got, strings.Join(values, "\n"))
		return noOrder
	}
	first, want := d.expect(sent, moves, events)
	if got != want {
		t.Errorf("game %s: got %s; want %s;\n%sthe log has\n%s", d.id, got, want, sent, strings.Join(values, "\n"))
	}
	return first
}

// expect returns the outcome that the commands must lead to. The broker time alone decides
// whether the move is in time, less the time in which nobody could move. If it is not, White loses on time by whichever command came
// first. If it is, Black loses on time, since Black does not move again.
func (d *raceGame) expect(sent commands, moves []*schemas.MoveMadePayload, events []record) (order, outcome) {
	id := schemas.GameCommandID(d.id, schemas.CommandID(d.players[0].ID, d.key))
	move := sent.first(func(c command) bool { return c.ID == id })
	before := moves[racingPly-2]
	since := madeAt(events, before.Ply)
	flag := sent.flag(before, since)
	lost := outcome{moves: racingPly - 1, result: schemas.BlackWins, termination: schemas.TimeForfeit, code: schemas.CodeGameOver}
	switch {
	case move.Payload == nil: // refused before it was sent, since the game was over
		lost.by, lost.offset = flag.Type, flag.offset
		return flagFirst, lost
	case move.at < timeAfter(before, move.Payload.(*schemas.PlayMovePayload).LagCs)+move.restored(since):
		made := slices.IndexFunc(events, func(r record) bool { return r.Type == schemas.MoveMade && r.CommandID == id })
		last := moves[len(moves)-1]
		flag = sent.flag(last, madeAt(events, last.Ply))
		return moveFirst, outcome{moves: racingPly, result: schemas.WhiteWins, termination: schemas.TimeForfeit, seq: int64(made + 1), by: flag.Type, offset: flag.offset}
	case move.offset < flag.offset:
		lost.by, lost.offset = move.Type, move.offset
		return lateMove, lost
	default:
		lost.by, lost.offset = flag.Type, flag.offset
		return flagFirst, lost
	}
}

// madeAt returns the broker time of a move.
func madeAt(events []record, ply int) schemas.Time {
	for _, r := range events {
		if p, ok := r.Payload.(*schemas.MoveMadePayload); ok && p.Ply == ply {
			return r.OccurredAt
		}
	}
	return 0
}
