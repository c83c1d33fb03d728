package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ReadAll reads every partition of a topic from its beginning to its present
// end and calls fn for each record, in order within a partition. The record is
// fn's to keep. fn's error ends the reading and is returned.
func ReadAll(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error) error {
	return read(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListStartOffsets(ctx, topic)
	})
}

// ReadPartition is ReadAll for one partition, from the first record whose
// broker time is not before from.
func ReadPartition(ctx context.Context, cfg Config, topic string, partition int32, from time.Time, fn func(*kgo.Record) error) error {
	return read(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		listed, err := adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), topic)
		for p := range listed[topic] {
			if p != partition {
				delete(listed[topic], p)
			}
		}
		return listed, err
	})
}

// ReadSince is ReadAll from the first record of each partition whose broker time
// is not before from.
func ReadSince(ctx context.Context, cfg Config, topic string, from time.Time, fn func(*kgo.Record) error) error {
	return read(ctx, cfg, topic, fn, func(adm *kadm.Client) (kadm.ListedOffsets, error) {
		return adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), topic)
	})
}

func read(ctx context.Context, cfg Config, topic string, fn func(*kgo.Record) error, starts func(*kadm.Client) (kadm.ListedOffsets, error)) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	client, err := kgo.NewClient(append(cfg.Opts(), kgo.FetchMaxWait(100*time.Millisecond), kgo.MaxConcurrentFetches(2))...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	from, err := starts(adm)
	if err := errors.Join(err, from.Error()); err != nil {
		return fmt.Errorf("read %s: list its first offsets: %w", topic, err)
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err := errors.Join(err, ends.Error()); err != nil {
		return fmt.Errorf("read %s: list its end offsets: %w", topic, err)
	}

	left := make(map[int32]int64) // partition to its end, while it is not reached
	at := make(map[int32]kgo.Offset)
	from.Each(func(o kadm.ListedOffset) {
		if end, ok := ends.Lookup(topic, o.Partition); ok && o.Offset < end.Offset {
			left[o.Partition] = end.Offset
			at[o.Partition] = kgo.NewOffset().At(o.Offset)
		}
	})
	if len(left) == 0 {
		return nil
	}
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: at})
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
