package processors_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/tables"
)

// A stale owner wrote a lower version behind a higher one, and a row behind its
// tombstone. Neither may win, and compaction must not keep either.
func TestRecoveryRejectsStaleOwnersRows(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	var filler []schemas.Command
	for range 10 {
		filler = append(filler, command(schemas.Resign, "filler"))
	}
	filler = append(filler, command(schemas.EvictGame, "filler"))
	r.send(filler...) // moves the end of the partition behind the offsets of the rows below

	table := counterTable()
	row := func(key string, version, offset int64, count int) *kgo.Record {
		value := table.Encode(key, &counter{head: schemas.Head{Version: version, Offset: offset}, Count: count})
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
	r.send(move("kept", moveBlack, 1), move("gone", moveWhite, 1)) // legal with Count 3, and without a row
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

// No command follows for a row that a stale owner overwrote: the recovery itself must
// write the newest version again.
func TestRecoveryRewritesTheNewestRowBehindAStaleOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	table := counterTable()
	row := func(version int64) *kgo.Record {
		value := table.Encode("kept", &counter{head: schemas.Head{Version: version, Offset: -1}, Count: int(version)})
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

// No recovery follows: the running owner itself must notice another's records, before
// compaction keeps them instead of its own.
func TestOwnerReplacesAStaleOwnersRowsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	r.send(move("kept", moveWhite, 1), move("kept", moveBlack, 2), move("kept", moveWhite, 3), // offsets 0 to 2
		command(schemas.Resign, "gone"), command(schemas.EvictGame, "gone"))
	r.waitCommitted(0, 5)

	table := counterTable()
	row := func(key string, version, offset int64) *kgo.Record {
		value := table.Encode(key, &counter{head: schemas.Head{Version: version, Offset: offset}, Count: int(version)})
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: value}
	}
	early := &kgo.Record{Topic: schemas.GamesTable, Key: []byte("kept"), Headers: []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte("1")}}}
	for _, stale := range []*kgo.Record{row("kept", 2, 1), early, row("gone", 1, 3)} {
		if err := r.producer.SendRecords(t.Context(), stale); err != nil {
			t.Fatal(err)
		}
		eventually.True(t, "the newest row or tombstone to be written again", func() bool {
			var last *kgo.Record
			for _, rec := range r.log(schemas.GamesTable) {
				if string(rec.Key) == string(stale.Key) {
					last = rec
				}
			}
			if string(stale.Key) == "gone" {
				return last.Value == nil
			}
			got, err := table.Decode("kept", last.Value)
			return err == nil && got.head.Version == 3
		})
	}

	// What is not stale stays as it is: nobody writes behind an operator's tombstone.
	deleted := &kgo.Record{Topic: schemas.GamesTable, Key: []byte("kept")}
	if err := r.producer.SendRecords(t.Context(), deleted, row("gone", 1, 3)); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the row behind the operator's tombstone to be replaced", func() bool {
		records := r.log(schemas.GamesTable)
		last := records[len(records)-1]
		return string(last.Key) == "gone" && last.Value == nil
	})
	for _, rec := range r.log(schemas.GamesTable) {
		if string(rec.Key) == "kept" && rec.Offset > deleted.Offset {
			t.Fatal("an operator's tombstone was overwritten")
		}
	}
}
