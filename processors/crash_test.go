package processors_test

import (
	"bytes"
	"fmt"
	"testing"

	"tabiya/schemas"
)

// checkEvents fails unless the log holds exactly these events, one a command in
// this order, with gapless seqs, and each with the bytes that follow from the
// command and its broker time alone. Each carries its row, or a later one.
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
		r.t.Fatalf("%d events, not %d", len(events), len(cmds))
	}
	seqs := make(map[string]int64)
	for i, cmd := range cmds {
		seqs[cmd.Key]++
		row := &tally{Past: make([]past, seqs[cmd.Key])}
		how := cmd.Payload.(*schemas.PlayMovePayload).UCI
		row.Past[seqs[cmd.Key]-1] = past{At: at[cmd.ID], Command: cmd.ID, Region: cmd.Region, Color: schemas.Color(how)}
		want := row.event(cmd.Key, seqs[cmd.Key]).Record()
		if !bytes.Equal(events[i].Value, want.Value) {
			r.t.Fatalf("event %d is\n%s, not\n%s", i, events[i].Value, want.Value)
		}
		carried, err := tallyTable().Decode(cmd.Key, []byte(headers(events[i])[schemas.HeaderRow]))
		if err != nil || int64(len(carried.Past)) < seqs[cmd.Key] {
			r.t.Fatalf("event %d carries the row %+v: %v", i, carried, err)
		}
	}
}

func TestRowKeptEventLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GameEvents)
	first := step("g", stepAsWhite, 1)
	r.send(first)
	r.waitLog(schemas.GamesTable, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.checkEvents()
	restore()

	r.start()
	r.waitLog(schemas.GameEvents, 1)
	second := step("g", stepAsBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

func TestRowLostEventKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GamesTable)
	first := step("g", stepAsWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.log(schemas.GamesTable)); n != 0 {
		t.Fatalf("%d rows", n)
	}
	restore()

	r.start()
	second := step("g", stepAsBlack, 1)
	r.send(second) // legal only if the first one's row is there again
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

// Black, out of turn, is refused; White is accepted behind it; the commit stands
// before both. Judged against the row after White's move, Black's would be legal.
func TestARefusedCommandBehindAnAcceptedOneStaysRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.HoldCommits(t, schemas.GamesGroup)
	black, white := step("g", stepAsBlack, 1), step("g", stepAsWhite, 1)
	r.send(black, white)
	r.waitLog(schemas.GameEvents, 1)
	r.waitLog(schemas.CommandReplies, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c > 0 {
		t.Fatalf("committed %d", c)
	}
	restore()

	r.start()
	again := step("g", stepAsBlack, 2)
	r.send(again)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(white, again)
	for _, rec := range r.log(schemas.CommandReplies) {
		if reply, err := schemas.DecodeReply(rec.Value); err != nil || reply.CommandID != black.ID {
			t.Fatalf("reply %+v: %v", reply, err)
		}
	}
}

// White's second move is refused, then the row is deleted, and the commit stands
// between. Judged against no row, the move would be legal.
func TestARefusedCommandBeforeADeletionStaysRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	first := step("g", stepAsWhite, 1)
	r.send(first)
	r.waitCommitted(0, 1)
	restore := r.HoldCommits(t, schemas.GamesGroup)
	r.send(step("g", stepAsWhite, 2), plain(schemas.AbortGame, "g"))
	r.waitLog(schemas.GamesTable, 2)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c != 1 {
		t.Fatalf("committed %d", c)
	}
	restore()

	r.start()
	other := step("h", stepAsWhite, 1)
	r.send(other)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, other)
	deleted := false
	for _, rec := range r.log(schemas.GamesTable) {
		if string(rec.Key) == "g" {
			if deleted && rec.Value != nil {
				t.Fatal("the row came back")
			}
			deleted = deleted || rec.Value == nil
		}
	}
}

// The first command is never done, as its event does not arrive; the second is
// done at once. A commit behind the second would lose the first one's event.
func TestNoCommitOverACommandInFlight(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GameEvents)
	r.send(step("g", stepAsWhite, 1), step("h", stepAsBlack, 1))
	r.waitLog(schemas.CommandReplies, 1) // the second one's refusal
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if c := r.committed(0); c > 0 {
		t.Fatalf("committed %d, but 0 is in flight", c)
	}
	restore()
	r.start()
	r.waitLog(schemas.GameEvents, 1)
}

func TestAfterACrashNoEventIsWrittenASecondTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	var cmds []schemas.Command
	for i := range 60 {
		how := stepAsWhite
		if i/3%2 == 1 {
			how = stepAsBlack
		}
		cmds = append(cmds, step(fmt.Sprint("g", i%3), how, int64(i)))
	}
	for life := range 3 { // each life replays all before
		restore := r.HoldCommits(t, schemas.GamesGroup)
		m := r.start()
		r.send(cmds[life*20 : (life+1)*20]...)
		r.waitLog(schemas.GameEvents, (life+1)*20)
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
