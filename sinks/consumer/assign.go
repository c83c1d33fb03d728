package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/topology"
)

// startOffsets sets the offsets at which newly assigned partitions start.
func (c *Consumer) startOffsets(ctx context.Context, assigned map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	<-c.joined // the client may call before NewClient returns
	for topic, partitions := range assigned {
		for partition := range partitions {
			start, err := c.startOffset(ctx, topic, partition)
			if err != nil {
				err = fmt.Errorf("assign %s/%d: %w", topic, partition, err)
				if ctx.Err() == nil {
					c.fail(err)
				}
				return nil, err
			}
			partitions[partition] = kgo.NewOffset().At(start).WithEpoch(-1)
		}
	}
	return assigned, nil
}

// startOffset asks the sink where to continue, and checks that the log has that
// offset.
func (c *Consumer) startOffset(ctx context.Context, topic string, partition int32) (int64, error) {
	place, ok, err := c.cfg.OnAssigned(ctx, topic, partition)
	if err != nil {
		return 0, err
	}
	var next int64
	if ok {
		if next, ok, err = c.topology.identity(topic).Resume(partition, place); err != nil {
			return 0, fmt.Errorf("%w: %w: this is another log, or topology was lost; run `tabiya topics adopt`", topology.ErrMismatch, err)
		}
	}
	var logStart, logEnd int64
	err = c.cfg.Broker.Do(ctx, func(ctx context.Context) error {
		logStart, logEnd, err = c.logRange(ctx, topic, partition)
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case !ok:
		next = logStart
	case next < logStart:
		return 0, fmt.Errorf("the sink needs records from offset %d, but the log starts at %d: records are lost", next, logStart)
	case next > logEnd:
		return 0, fmt.Errorf("%w: the sink has read up to offset %d, but the log ends at %d: this is another log, or it lost records; run `tabiya topics adopt --copy %s`",
			topology.ErrMismatch, next, logEnd, topic)
	}
	c.cfg.Lag.Begin(topic, partition, next)
	return next, nil
}

func (c *Consumer) logRange(ctx context.Context, topic string, partition int32) (start, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	starts, err := c.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	ends, err := c.admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	first, _ := starts.Lookup(topic, partition)
	last, ok := ends.Lookup(topic, partition)
	if err := errors.Join(first.Err, last.Err); err != nil {
		return 0, 0, err
	}
	if !ok {
		return 0, 0, kerr.UnknownTopicOrPartition
	}
	return first.Offset, last.Offset, nil
}

func (c *Consumer) revoked(_ context.Context, _ *kgo.Client, revoked map[string][]int32) {
	for topic, partitions := range revoked {
		for _, partition := range partitions {
			c.cfg.Lag.Forget(topic, partition)
			if c.later.forget(topic, partition) {
				c.Resume(topic, partition)
			}
			c.cfg.OnRevoked(topic, partition)
		}
	}
}
