package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ReadAll reads every partition of a topic from its beginning to its present
// end and calls fn for each record, in order within a partition. The record is
// fn's to keep. fn's error ends the reading and is returned.
func ReadAll(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error) error {
	return readTopic(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListStartOffsets(ctx, topic)
	})
}

// ReadSince is ReadAll from the first record of each partition whose broker time
// is not before from.
func ReadSince(ctx context.Context, cfg Config, topic string, from time.Time, fn func(*kgo.Record) error) error {
	return readTopic(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), topic)
	})
}

// ReadPartition is ReadSince for one partition, by a client that is there. It asks
// the broker for no other, and connects only if there is something to read: an
// owner reads all of its partitions at the same time, while their players wait.
func ReadPartition(ctx context.Context, client *kgo.Client, topic string, partition int32, from time.Time, fn func(*kgo.Record) error) error {
	first, err := listOffset(ctx, client, topic, partition, from.UnixMilli())
	if err != nil || first < 0 { // there is none
		return err
	}
	end, err := EndOffset(ctx, client, topic, partition)
	if err != nil {
		return err
	}
	return read(ctx, client, topic, map[int32]span{partition: {first, end}}, fn)
}

// span is a part of a partition, from an offset up to another.
type span struct{ from, end int64 }

// spans lead from given offsets to the present ends.
func spans(ctx context.Context, adm *kadm.Client, topic string, from kadm.ListedOffsets, err error) (map[int32]span, error) {
	if err := errors.Join(err, from.Error()); err != nil {
		return nil, fmt.Errorf("list its first offsets: %w", err)
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list its end offsets: %w", err)
	}
	all := make(map[int32]span)
	from.Each(func(o kadm.ListedOffset) {
		if end, ok := ends.Lookup(topic, o.Partition); ok {
			all[o.Partition] = span{o.Offset, end.Offset}
		}
	})
	return all, nil
}

// readTopic reads all partitions of a topic from listed offsets to their ends.
func readTopic(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error, list func(*kadm.Client) (kadm.ListedOffsets, error)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	from, err := list(adm)
	listed, err := spans(ctx, adm, topic, from, err)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	return read(ctx, client, topic, listed, fn)
}

// read reads spans of a topic with a consumer made as other was.
func read(ctx context.Context, other *kgo.Client, topic string, listed map[int32]span, fn func(*kgo.Record) error) error {
	left := make(map[int32]int64) // partition to its end, while it is not reached
	at := make(map[int32]kgo.Offset)
	for p, s := range listed {
		if s.from < s.end {
			left[p] = s.end
			at[p] = kgo.NewOffset().At(s.from)
		}
	}
	if len(left) == 0 {
		return nil
	}
	client, err := kgo.NewClient(slices.Concat(other.Opts(), []kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}), kgo.FetchMaxWait(100 * time.Millisecond), kgo.MaxConcurrentFetches(2),
	})...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		var failed error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			end, reading := left[p.Partition]
			for _, r := range p.Records {
				if !reading || failed != nil || r.Offset >= end {
					break
				}
				failed = fn(r)
			}
			if n := len(p.Records); reading && n > 0 && p.Records[n-1].Offset >= end-1 {
				delete(left, p.Partition)
				client.PauseFetchPartitions(map[string][]int32{topic: {p.Partition}})
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}
