package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"tabiya/schemas"
)

// errFenced means that another copy of this sink has moved the offset. The sink has
// to start again from the stored offset.
var errFenced = errors.New("another copy of this sink has written these records")

// moveOffsets moves the stored offsets of the batch's partitions, in the order of
// the partitions so that two copies cannot deadlock. Returns errFenced if one is
// not where the batch expects it.
func moveOffsets(ctx context.Context, tx pgx.Tx, b *batch) error {
	var statements pgx.Batch
	for _, partition := range slices.Sorted(maps.Keys(b.offsets)) {
		m := b.offsets[partition]
		if m.from < 0 {
			statements.Queue("INSERT INTO sink_offsets (sink, topic, partition, next_offset) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
				Name, schemas.GameEvents, partition, m.to)
		} else {
			statements.Queue("UPDATE sink_offsets SET next_offset = $4 WHERE sink = $1 AND topic = $2 AND partition = $3 AND next_offset = $5",
				Name, schemas.GameEvents, partition, m.to, m.from)
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

// alreadyWritten returns nil if every stored offset is where the batch would have
// moved it, else fenced. The commit may have succeeded although its answer was
// lost, or another copy may have written the same records.
func (r *run) alreadyWritten(ctx context.Context, b *batch, fenced error) error {
	rows, err := r.cfg.Pool.Query(ctx, "SELECT partition, next_offset FROM sink_offsets WHERE sink = $1 AND topic = $2", Name, schemas.GameEvents)
	if err != nil {
		return fmt.Errorf("read stored offsets: %w", err)
	}
	stored := make(map[int32]int64)
	var partition int32
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&partition, &next}, func() error {
		stored[partition] = next
		return nil
	}); err != nil {
		return fmt.Errorf("read stored offsets: %w", err)
	}
	for partition, m := range b.offsets {
		if next, ok := stored[partition]; !ok || next != m.to {
			return fmt.Errorf("partition %d is stored up to offset %d, not %d: %w", partition, next, m.from, fenced)
		}
	}
	return nil
}
