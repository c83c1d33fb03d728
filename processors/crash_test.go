package processors_test

import (
	"bytes"
	"fmt"
	"testing"

	"tabiya/schemas"
)

// checkEvents fails unless the log holds exactly one event for each command, in this
// order and with gapless seqs. The bytes of an event must depend on the command and
// its broker time alone, and each must carry its row or a later one.
func (r *rig) checkEvents(cmds ...schemas.Command) {
	r.t.Helper()
	at := make(map[string]schemas.Time)
	for _, c := range r.log(schemas.GameCommands) {
		cmd, err := schemas.DecodeCommand(c.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		at[cmd.ID] = schemas.TimeOf(c.Timestamp)
	}
	events := r.log(schemas.GameEvents)
	if len(events) != len(cmds) {
		r.t.Fatalf("the log has %d events, want %d", len(events), len(cmds))
	}
	seqs := make(map[string]int64)
	for i, cmd := range cmds {
		seqs[cmd.Key]++
		row := &counter{History: make([]change, seqs[cmd.Key])}
		uci := cmd.Payload.(*schemas.PlayMovePayload).UCI
		row.History[seqs[cmd.Key]-1] = change{At: at[cmd.ID], Command: cmd.ID, Region: cmd.Region, Color: schemas.Color(uci)}
		want := row.event(cmd.Key, seqs[cmd.Key]).Record()
		if !bytes.Equal(events[i].Value, want.Value) {
			r.t.Fatalf("event %d is\n%s\nwant\n%s", i, events[i].Value, want.Value)
		}
		carried, err := counterTable().Decode(cmd.Key, []byte(headers(events[i])[schemas.HeaderRow]))
		if err != nil || int64(len(carried.History)) < seqs[cmd.Key] {
			r.t.Fatalf("event %d carries the row %+v: %v", i, carried, err)
		}
	}
}

func TestReplayWritesEventThatWasLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GameEvents)
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GamesTable, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.checkEvents()
	restore()

	r.start()
	r.waitLog(schemas.GameEvents, 1)
	second := move("g", moveBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

func TestReplayWritesRowThatWasLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GamesTable)
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.log(schemas.GamesTable)); n != 0 {
		t.Fatalf("the table has %d rows, want none", n)
	}
	restore()

	r.start()
	second := move("g", moveBlack, 1)
	r.send(second) // legal only if the row of the first command was written
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

// Black moves out of turn and is refused, then White's move is accepted. Neither
// command is committed, so both are replayed. Decided against the row after White's
// move, Black's move would be legal.
func TestReplayedRefusalBeforeAnAcceptedCommandStaysRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.HoldCommits(t, schemas.GamesGroup)
	black, white := move("g", moveBlack, 1), move("g", moveWhite, 1)
	r.send(black, white)
	r.waitLog(schemas.GameEvents, 1)
	r.waitLog(schemas.CommandReplies, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c > 0 {
		t.Fatalf("committed offset is %d, want none", c)
	}
	restore()

	r.start()
	again := move("g", moveBlack, 2)
	r.send(again)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(white, again)
	for _, rec := range r.log(schemas.CommandReplies) {
		if reply, err := schemas.DecodeReply(rec.Value); err != nil || reply.CommandID != black.ID {
			t.Fatalf("got reply %+v, want replies to %s alone: %v", reply, black.ID, err)
		}
	}
}

// White's second move is refused, then the row is deleted. Neither command is
// committed, so both are replayed. Decided against no row, the move would be legal.
func TestReplayedRefusalBeforeADeletionStaysRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitCommitted(0, 1)
	restore := r.HoldCommits(t, schemas.GamesGroup)
	r.send(move("g", moveWhite, 2), command(schemas.AbortGame, "g"))
	r.waitLog(schemas.GamesTable, 2)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c != 1 {
		t.Fatalf("committed offset is %d, want 1", c)
	}
	restore()

	r.start()
	other := move("h", moveWhite, 1)
	r.send(other)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, other)
	deleted := false
	for _, rec := range r.log(schemas.GamesTable) {
		if string(rec.Key) == "g" {
			if deleted && rec.Value != nil {
				t.Fatal("the deleted row was written again")
			}
			deleted = deleted || rec.Value == nil
		}
	}
}

// The event of the first command is never acknowledged, the second command completes
// at once. A commit behind the second would lose the first one's event.
func TestCommitStopsBeforeACommandInFlight(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GameEvents)
	r.send(move("g", moveWhite, 1), move("h", moveBlack, 1))
	r.waitLog(schemas.CommandReplies, 1) // the second one's refusal
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c > 0 {
		t.Fatalf("committed offset is %d, but the command at 0 is in flight", c)
	}
	restore()
	r.start()
	r.waitLog(schemas.GameEvents, 1)
}

func TestReplayWritesNoEventASecondTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	var cmds []schemas.Command
	for i := range 60 {
		uci := moveWhite
		if i/3%2 == 1 {
			uci = moveBlack
		}
		cmds = append(cmds, move(fmt.Sprint("g", i%3), uci, int64(i)))
	}
	for run := range 3 { // each run replays all commands of the runs before
		restore := r.HoldCommits(t, schemas.GamesGroup)
		m := r.start()
		r.send(cmds[run*20 : (run+1)*20]...)
		r.waitLog(schemas.GameEvents, (run+1)*20)
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		restore()
	}
	m := r.start()
	r.waitCommitted(0, int64(len(cmds)))
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.checkEvents(cmds...)
}
