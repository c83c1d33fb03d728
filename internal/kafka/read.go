package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ReadAll reads every partition of a topic from its beginning to its present end
// and calls fn for each record, in offset order within a partition. fn may keep the
// record. An error of fn stops the reading and is returned.
func ReadAll(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error) error {
	return readTopic(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListStartOffsets(ctx, topic)
	})
}

// ReadSince is ReadAll for the records whose broker time is from or later.
func ReadSince(ctx context.Context, cfg Config, topic string, from time.Time, fn func(*kgo.Record) error) error {
	return readTopic(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), topic)
	})
}

// ReadPartition is ReadSince for one partition. It lists offsets with the existing
// client and opens a new connection only if there are records to read: a processor
// reads all of its partitions at the same time, while their players wait.
func ReadPartition(ctx context.Context, client *kgo.Client, topic string, partition int32, from time.Time, fn func(*kgo.Record) error) error {
	first, err := listOffset(ctx, client, topic, partition, from.UnixMilli())
	if err != nil || first < 0 { // no record since from
		return err
	}
	end, err := EndOffset(ctx, client, topic, partition)
	if err != nil {
		return err
	}
	return read(ctx, client, topic, map[int32]offsetRange{partition: {first, end}}, fn)
}

// ReadTail is ReadPartition, but reads at least so many of the last records. whole
// reports whether it has read all records of the partition.
func ReadTail(ctx context.Context, client *kgo.Client, topic string, partition int32, from time.Time, least int64, fn func(*kgo.Record) error) (whole bool, err error) {
	start, err := StartOffset(ctx, client, topic, partition)
	if err != nil {
		return false, err
	}
	end, err := EndOffset(ctx, client, topic, partition)
	if err != nil {
		return false, err
	}
	first, err := listOffset(ctx, client, topic, partition, from.UnixMilli())
	if err != nil {
		return false, err
	}
	if first < 0 || first > end-least {
		first = max(start, end-least)
	}
	return first <= start, read(ctx, client, topic, map[int32]offsetRange{partition: {first, end}}, fn)
}

// ReadRange reads the records of a partition whose offsets are from or higher and below
// end, which must be in the log already.
func ReadRange(ctx context.Context, client *kgo.Client, topic string, partition int32, from, end int64, fn func(*kgo.Record) error) error {
	return read(ctx, client, topic, map[int32]offsetRange{partition: {from, end}}, fn)
}

// offsetRange is the half-open range [from, end) of a partition's offsets.
type offsetRange struct{ from, end int64 }

// offsetRanges returns each partition's range from the listed offset to its
// present end.
func offsetRanges(ctx context.Context, adm *kadm.Client, topic string, list func(*kadm.Client) (kadm.ListedOffsets, error)) (map[int32]offsetRange, error) {
	from, err := listed(ctx, func() (kadm.ListedOffsets, error) { return list(adm) })
	if err != nil {
		return nil, fmt.Errorf("list first offsets: %w", err)
	}
	ends, err := listed(ctx, func() (kadm.ListedOffsets, error) { return adm.ListEndOffsets(ctx, topic) })
	if err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	all := make(map[int32]offsetRange)
	from.Each(func(o kadm.ListedOffset) {
		if end, ok := ends.Lookup(topic, o.Partition); ok {
			all[o.Partition] = offsetRange{o.Offset, end.Offset}
		}
	})
	return all, nil
}

// listed calls list until every partition has a leader or ctx is done.
func listed(ctx context.Context, list func() (kadm.ListedOffsets, error)) (kadm.ListedOffsets, error) {
	for {
		offsets, err := list()
		if err != nil {
			return nil, err
		}
		if err = offsets.Error(); !kerr.IsRetriable(err) || errors.Is(err, kerr.UnknownTopicOrPartition) {
			return offsets, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pollPause):
		}
	}
}

// readTopic reads all partitions of a topic from the listed offsets to their
// present ends.
func readTopic(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error, list func(*kadm.Client) (kadm.ListedOffsets, error)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	ranges, err := offsetRanges(ctx, kadm.NewClient(client), topic, list)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	return read(ctx, client, topic, ranges, fn)
}

// read reads ranges of a topic with a new consumer that has the options of model.
func read(ctx context.Context, model *kgo.Client, topic string, ranges map[int32]offsetRange, fn func(*kgo.Record) error) error {
	remaining := make(map[int32]int64) // ends of the partitions that are not read yet
	start := make(map[int32]kgo.Offset)
	for p, r := range ranges {
		if r.from < r.end {
			remaining[p] = r.end
			start[p] = kgo.NewOffset().At(r.from)
		}
	}
	if len(remaining) == 0 {
		return nil
	}
	client, err := kgo.NewClient(slices.Concat(model.Opts(), []kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: start}), kgo.FetchMaxWait(100 * time.Millisecond), kgo.MaxConcurrentFetches(2),
		kgo.KeepControlRecords(), // the marker of a transaction may be the last before the end
	})...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	for len(remaining) > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		var failed error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			end, reading := remaining[p.Partition]
			for _, r := range p.Records {
				if !reading || failed != nil || r.Offset >= end {
					break
				}
				if !r.Attrs.IsControl() {
					failed = fn(r)
				}
			}
			if n := len(p.Records); reading && n > 0 && p.Records[n-1].Offset >= end-1 {
				delete(remaining, p.Partition)
				client.PauseFetchPartitions(map[string][]int32{topic: {p.Partition}})
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}
