package tables

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// ReadOnce fills a view with the table as it is now, for a command that then ends. It is
// called instead of Run.
func (v *View[R]) ReadOnce(ctx context.Context) (err error) {
	if v.partitions, err = kafka.PartitionCount(ctx, v.cfg, v.table.Topic); err != nil {
		return fmt.Errorf("read %s: %w", v.table.Topic, err)
	}
	err = kafka.ReadAll(ctx, v.cfg, v.table.Topic, func(r *kgo.Record) error {
		v.take(r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", v.table.Topic, err)
	}
	v.ready.Store(true)
	return nil
}
