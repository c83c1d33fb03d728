package postgres

import (
	"maps"
	"testing"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/eventually"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/sinks/sinktest"
)

// stored is how far the sink has written each partition that it has.
func (s *started) stored() map[int32]int64 {
	r := s.running.Load()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := make(map[int32]int64)
	for partition, l := range r.lanes {
		stored[partition] = l.stored
	}
	return stored
}

// offsets are the stored offsets.
func offsets(t *testing.T, db *postgrestest.Database) map[int32]int64 {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), "SELECT partition, next_offset FROM sink_offsets WHERE sink = 'postgres'")
	if err != nil {
		t.Fatal(err)
	}
	offsets := make(map[int32]int64)
	var partition int32
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&partition, &next}, func() error { offsets[partition] = next; return nil }); err != nil {
		t.Fatal(err)
	}
	return offsets
}

// Partitions change hands while games end: none is lost or doubled, and neither
// member is fenced by the other.
func TestMembersOfAGroupShareThePartitions(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 40)
	db := postgrestest.New(t)
	back := stepsBack(t, db)
	play := func(seed uint64) {
		t.Helper()
		more := sinktest.Events(seed, 40)
		events = append(events, more...)
		log.Append(t, sinktest.Records(more, partitions)...)
	}
	first := start(t, log.Config, db, nil)
	written(t, log, db)
	play(1001)
	second := start(t, log.Config, db, nil)
	play(1002)
	eventually.True(t, "each has a share", func() bool {
		a, b := first.stored(), second.stored()
		return len(a) > 0 && len(b) > 0 && len(a)+len(b) == partitions
	})
	written(t, log, db)
	before := offsets(t, db)
	play(1003)
	written(t, log, db)
	after := offsets(t, db)
	for partition, next := range after {
		if next <= before[partition] {
			t.Fatalf("partition %d has no new game", partition)
		}
	}
	// Who has a partition, and nobody else, knows that it is written to its end.
	eventually.True(t, "each has written its share", func() bool {
		all := first.stored()
		for partition, next := range second.stored() {
			if _, both := all[partition]; both {
				t.Fatalf("both have partition %d", partition)
			}
			all[partition] = next
		}
		return maps.Equal(all, after)
	})
	want(t, db, events)

	play(1004)
	second.stop() // with games in its hands, perhaps
	play(1005)
	written(t, log, db)
	want(t, db, events)
	eventually.True(t, "one has all", func() bool { return len(first.stored()) == partitions })
	first.stop()
	if steps := back(); len(steps) > 0 {
		t.Errorf("the stored offset went back: %v", steps)
	}
}
