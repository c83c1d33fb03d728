package processors_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// checkEvents fails unless the log holds exactly these events, one a command in
// this order, with gapless seqs, and each with the bytes that follow from the
// command and its broker time alone.
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

// A stale owner wrote a lower version behind the higher one, and a row behind
// its tombstone. Neither may win, nor be what compaction keeps.
func TestAStaleOwnersLowerVersionDoesNotWin(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	var noise []schemas.Command
	for range 10 {
		noise = append(noise, plain(schemas.Resign, "noise"))
	}
	noise = append(noise, plain(schemas.EvictGame, "noise"))
	r.send(noise...) // so that the offsets below lie in the past

	table := tallyTable()
	row := func(key string, version, offset int64, count int) *kgo.Record {
		value := table.Encode(&tally{head: schemas.Head{Version: version, Offset: offset}, Count: count})
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: value}
	}
	tombstone := &kgo.Record{Topic: schemas.GamesTable, Key: []byte("gone"), Headers: []kgo.RecordHeader{{Key: "offset", Value: []byte("5")}}}
	if err := r.producer.SendRecords(t.Context(),
		row("kept", 3, 4, 3), row("kept", 2, 2, 2),
		row("gone", 1, 2, 1), tombstone, row("gone", 1, 3, 1),
	); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.send(step("kept", stepAsBlack, 1), step("gone", stepAsWhite, 1)) // legal at 3 and at none
	r.waitLog(schemas.GameEvents, 10+2)
	last := make(map[string]*kgo.Record)
	for _, rec := range r.log(schemas.GamesTable) {
		last[string(rec.Key)] = rec
	}
	for key, want := range map[string]int{"kept": 4, "gone": 1} {
		if got, err := table.Decode(key, last[key].Value); err != nil || got.Count != want {
			t.Fatalf("%s: %+v, %v", key, got, err)
		}
	}
}

// Nothing more is sent to the rows that a stale owner went behind: the recovery
// itself must put the right one last.
func TestRecoveryHealsTheTopicBehindAStaleOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	table := tallyTable()
	row := func(version int64) *kgo.Record {
		value := table.Encode(&tally{head: schemas.Head{Version: version, Offset: -1}, Count: int(version)})
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte("kept"), Value: value}
	}
	if err := r.producer.SendRecords(t.Context(), row(3), row(1), row(2)); err != nil {
		t.Fatal(err)
	}
	r.start()
	rows := r.waitLog(schemas.GamesTable, 4)
	if got, err := table.Decode("kept", rows[3].Value); err != nil || got.head.Version != 3 {
		t.Fatalf("the last row is %+v: %v", got, err)
	}
}
