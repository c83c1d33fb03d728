package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// laterPartitions are the partitions that are not read on because their next event is
// of a later format: this release could write it out wrongly. The group knows no way
// to hand back one partition, so this member stays its owner until it is replaced by
// a later release, which continues at the stored progress.
type laterPartitions struct {
	logger *slog.Logger

	mu      sync.Mutex
	reasons map[topicPartition]error // of the partitions that are stopped
	logged  map[topicPartition]bool  // so that each rebalance does not log them again
}

type topicPartition struct {
	topic     string
	partition int32
}

func newLaterPartitions(logger *slog.Logger) *laterPartitions {
	return &laterPartitions{logger: logger, reasons: make(map[topicPartition]error), logged: make(map[topicPartition]bool)}
}

// formatInForce returns the format that topology names for a topic. It reads topology
// if one of the records has a later format than this release reads.
func (c *Consumer) formatInForce(ctx context.Context, topic string, records []*kgo.Record) (format int, err error) {
	if !slices.ContainsFunc(records, func(r *kgo.Record) bool { return formatOf(r) > schemas.LatestFormat }) {
		return 0, nil
	}
	err = c.cfg.Broker.Do(ctx, func(ctx context.Context) error {
		now, err := topology.Read(ctx, c.topology.client)
		format = now.Of(topic).Format
		return err
	})
	return format, err
}

func formatOf(r *kgo.Record) int { return schemas.FormatOf(kafka.Header(r, schemas.HeaderFormat)) }

// cut returns the records before the first one of a later format, none if the
// partition is stopped already. stop is true when it stops with these records. A record
// of a higher format than inForce, that of topology, does not count: no release of ours
// wrote it, and its value will tell what it is.
func (l *laterPartitions) cut(topic string, partition int32, records []*kgo.Record, inForce int) (readable []*kgo.Record, stop bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := topicPartition{topic, partition}
	if l.reasons[at] != nil {
		return nil, false
	}
	for i, r := range records {
		format := formatOf(r)
		if format <= schemas.LatestFormat || format > inForce {
			continue
		}
		l.reasons[at] = fmt.Errorf("%s/%d is not read on: the event at offset %d has format %d, this release reads up to %d: %w",
			topic, partition, r.Offset, format, schemas.LatestFormat, schemas.ErrLaterFormat)
		if !l.logged[at] {
			l.logged[at] = true
			l.logger.Error("partition given up: run a later release in place of this one",
				"topic", topic, "partition", partition, "offset", r.Offset, "err", l.reasons[at])
		}
		return records[:i], true
	}
	return records, false
}

func (l *laterPartitions) isStopped(topic string, partition int32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reasons[topicPartition{topic, partition}] != nil
}

// forget forgets a partition that was revoked, and reports whether it was stopped.
func (l *laterPartitions) forget(topic string, partition int32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := topicPartition{topic, partition}
	stopped := l.reasons[at] != nil
	delete(l.reasons, at)
	return stopped
}

// err returns why one of the partitions is stopped, nil if none is.
func (l *laterPartitions) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for reason := range maps.Values(l.reasons) {
		return reason
	}
	return nil
}
