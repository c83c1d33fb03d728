package processors_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

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
