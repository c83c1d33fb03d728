package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Timestamps that make ListOffsets return the offset of the next record, and that of
// the first one.
const (
	endTimestamp   = -1
	startTimestamp = -2
)

// StartOffset returns the offset of a partition's first record, or of its next one if it
// has none.
func StartOffset(ctx context.Context, client *kgo.Client, topic string, partition int32) (int64, error) {
	return listOffset(ctx, client, topic, partition, startTimestamp)
}

// EndOffset returns the offset that the next record of a partition will have. (kadm
// can only list the offsets of all partitions of a topic.)
func EndOffset(ctx context.Context, client *kgo.Client, topic string, partition int32) (int64, error) {
	return listOffset(ctx, client, topic, partition, endTimestamp)
}

// recordsEnd returns the offset after the last record of a partition. The markers of
// transactions, which no consumer gets, may stand between it and EndOffset. If there is no
// record, it returns StartOffset.
func recordsEnd(ctx context.Context, client *kgo.Client, topic string, partition int32) (int64, error) {
	start, err := StartOffset(ctx, client, topic, partition)
	if err != nil {
		return 0, err
	}
	end, err := EndOffset(ctx, client, topic, partition)
	if err != nil {
		return 0, err
	}
	for back := int64(1); start < end; back *= 2 {
		from, last := max(start, end-back), int64(-1)
		if err := ReadRange(ctx, client, topic, partition, from, end, func(r *kgo.Record) error {
			last = r.Offset
			return nil
		}); err != nil {
			return 0, err
		}
		if last >= 0 {
			return last + 1, nil
		}
		end = from
	}
	return start, nil
}

// listOffset returns the offset of the first record whose broker time is timestamp
// (Unix milliseconds) or later, -1 if there is none. It waits for the partition's
// leader until ctx is done.
func listOffset(ctx context.Context, client *kgo.Client, topic string, partition int32, timestamp int64) (int64, error) {
	for {
		offset, err := listOffsetNow(ctx, client, topic, partition, timestamp)
		if !kerr.IsRetriable(err) || errors.Is(err, kerr.UnknownTopicOrPartition) {
			return offset, err
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(pollPause):
		}
	}
}

func listOffsetNow(ctx context.Context, client *kgo.Client, topic string, partition int32, timestamp int64) (int64, error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, timestamp
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ListOffsetsRequestTopicPartition{p}
	request := kmsg.NewPtrListOffsetsRequest()
	request.Topics = []kmsg.ListOffsetsRequestTopic{t}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return 0, fmt.Errorf("list offset of %s/%d: %w", topic, partition, err)
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return 0, fmt.Errorf("list offset of %s/%d: %w", topic, partition, err)
			}
			return p.Offset, nil
		}
	}
	return 0, fmt.Errorf("list offset of %s/%d: partition missing in the response", topic, partition)
}
