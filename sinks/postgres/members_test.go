package postgres

import (
	"maps"
	"testing"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/eventually"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

// storedOffsets returns how far the sink has written each partition that it owns.
func (s *runningSink) storedOffsets() map[source]int64 {
	r := s.running.Load()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.stored)
}

// storedOffsets returns the offsets in the database.
func storedOffsets(t *testing.T, db *postgrestest.Database) map[source]int64 {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), "SELECT topic, partition, next_offset FROM sink_offsets WHERE sink = 'postgres'")
	if err != nil {
		t.Fatal(err)
	}
	offsets := make(map[source]int64)
	var from source
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&from.topic, &from.partition, &next}, func() error { offsets[from] = next; return nil }); err != nil {
		t.Fatal(err)
	}
	return offsets
}

// Partitions are reassigned while games end. No game is lost or written twice, and
// no member is fenced by the other.
func TestGroupMembersShareThePartitions(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 40)
	db := postgrestest.New(t)
	backward := recordBackwardMoves(t, db)
	play := func(seed uint64) {
		t.Helper()
		more := sinktest.Events(seed, 40)
		events = append(events, more...)
		log.Append(t, sinktest.Records(more, partitions)...)
	}
	first := start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	play(1001)
	second := start(t, log.Config, db, nil)
	play(1002)
	eventually.True(t, "each member has partitions", func() bool {
		a, b := first.storedOffsets(), second.storedOffsets()
		return len(a) > 0 && len(b) > 0 && len(a)+len(b) == len(topics)*partitions
	})
	waitWritten(t, log, db)
	before := storedOffsets(t, db)
	play(1003)
	waitWritten(t, log, db)
	after := storedOffsets(t, db)
	for from, next := range after {
		if from.topic == schemas.GameEvents && next <= before[from] {
			t.Fatalf("%v has no new game", from)
		}
	}
	// Only the owner of a partition has its final offset.
	eventually.True(t, "each member has written its partitions", func() bool {
		all := first.storedOffsets()
		for from, next := range second.storedOffsets() {
			if _, both := all[from]; both {
				t.Fatalf("both members own %v", from)
			}
			all[from] = next
		}
		maps.DeleteFunc(all, func(_ source, next int64) bool { return next < 0 }) // an empty partition
		return maps.Equal(all, after)
	})
	wantRows(t, db, events)

	play(1004)
	second.stop() // perhaps with a batch that is not written
	play(1005)
	waitWritten(t, log, db)
	wantRows(t, db, events)
	eventually.True(t, "one member has all partitions", func() bool { return len(first.storedOffsets()) == len(topics)*partitions })
	first.stop()
	if moves := backward(); len(moves) > 0 {
		t.Errorf("stored offsets that did not increase: %v", moves)
	}
}
