package tables

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// Each reads a table to its present end and calls fn for each row that supersedes the
// row before, so the last call for a key has its newest row, or the zero R if that was
// deleted. Records that are not rows of their key, and those on another partition than
// their key's, are skipped.
func Each[R Row](ctx context.Context, cfg kafka.Config, table Table[R], fn func(partition int32, key string, row R)) error {
	partitions, err := kafka.PartitionCount(ctx, cfg, table.Topic)
	if err != nil {
		return err
	}
	guard, heads := NewGuard(0), make(map[string][]byte)
	err = kafka.ReadAll(ctx, cfg, table.Topic, func(r *kgo.Record) error {
		key := string(r.Key)
		if kafka.PartitionOf(key, partitions) != r.Partition {
			return nil
		}
		var none R
		if r.Value == nil {
			if guard.AcceptTombstone(key, heads[key], kafka.Header(r, HeaderOffset)) {
				delete(heads, key)
				fn(r.Partition, key, none)
			}
			return nil
		}
		row, err := table.Decode(key, r.Value)
		if err != nil {
			return nil //nolint:nilerr // whose row it is, is not known
		}
		newer, err := guard.AcceptRow(key, heads[key], r.Value)
		if err != nil || !newer {
			return err
		}
		heads[key] = append([]byte(nil), r.Value[:min(headSize, len(r.Value))]...)
		fn(r.Partition, key, row)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", table.Topic, err)
	}
	return nil
}
