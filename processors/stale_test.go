package processors_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
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
