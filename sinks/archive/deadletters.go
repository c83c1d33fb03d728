package archive

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// deadLetters sends rejected records in batches, so that a flood of them costs
// neither memory nor a round trip each.
type deadLetters struct {
	send  func(ctx context.Context, records []*kgo.Record) error
	batch []*kgo.Record
	bytes int
}

const (
	maxDeadLetters     = 100
	maxDeadLetterBytes = 1 << 20
)

func (d *deadLetters) add(ctx context.Context, c Chunk, r Record, reason error) error {
	_, offset := schemas.SplitPlace(r.Offset)
	letter := kafka.DeadLetter(c.Topic, c.Partition, offset, r.Key, r.Value, reason)
	d.batch = append(d.batch, letter)
	d.bytes += len(letter.Value)
	if len(d.batch) >= maxDeadLetters || d.bytes >= maxDeadLetterBytes {
		return d.flush(ctx)
	}
	return nil
}

func (d *deadLetters) flush(ctx context.Context) error {
	if len(d.batch) == 0 {
		return nil
	}
	if err := d.send(ctx, d.batch); err != nil {
		return fmt.Errorf("send dead letters: %w", err)
	}
	d.batch, d.bytes = d.batch[:0], 0
	return nil
}
