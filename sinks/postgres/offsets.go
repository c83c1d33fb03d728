package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// errFenced means that another copy of this sink has moved the offset. The sink has
// to start again from the stored offset.
var errFenced = errors.New("another copy of this sink has written these records")

// moveOffsets moves the stored offsets of the batch's partitions, in the order of
// the partitions so that two copies cannot deadlock. Returns errFenced if one is
// not where the batch expects it.
func moveOffsets(ctx context.Context, tx pgx.Tx, b *batch) error {
	var statements pgx.Batch
	for _, from := range slices.SortedFunc(maps.Keys(b.offsets), source.compare) {
		m := b.offsets[from]
		if m.from < 0 {
			statements.Queue("INSERT INTO sink_offsets (sink, topic, partition, next_offset) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
				Name, from.topic, from.partition, m.to)
		} else {
			statements.Queue("UPDATE sink_offsets SET next_offset = $4 WHERE sink = $1 AND topic = $2 AND partition = $3 AND next_offset = $5",
				Name, from.topic, from.partition, m.to, m.from)
		}
	}
	results := tx.SendBatch(ctx, &statements)
	fenced := false
	for range statements.Len() {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return fmt.Errorf("move offsets: %w", err)
		}
		fenced = fenced || tag.RowsAffected() != 1
	}
	if err := results.Close(); err != nil {
		return fmt.Errorf("move offsets: %w", err)
	}
	if fenced {
		return errFenced
	}
	return nil
}

func (s source) compare(other source) int {
	return cmp.Or(cmp.Compare(s.topic, other.topic), cmp.Compare(s.partition, other.partition))
}

// alreadyWritten returns nil if every stored offset is where the batch would have
// moved it, else fenced. The commit may have succeeded although its answer was
// lost, or another copy may have written the same records.
func (r *run) alreadyWritten(ctx context.Context, b *batch, fenced error) error {
	rows, err := r.cfg.Pool.Query(ctx, "SELECT topic, partition, next_offset FROM sink_offsets WHERE sink = $1", Name)
	if err != nil {
		return fmt.Errorf("read stored offsets: %w", err)
	}
	stored := make(map[source]int64)
	var from source
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&from.topic, &from.partition, &next}, func() error {
		stored[from] = next
		return nil
	}); err != nil {
		return fmt.Errorf("read stored offsets: %w", err)
	}
	for from, m := range b.offsets {
		if next, ok := stored[from]; !ok || next != m.to {
			return fmt.Errorf("%s/%d is stored up to offset %d, not %d: %w", from.topic, from.partition, next, m.from, fenced)
		}
	}
	return nil
}
