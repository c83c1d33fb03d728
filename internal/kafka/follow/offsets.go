package follow

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// firstOffsets returns the first offset to read in each partition of a topic that
// ends at ends. Offsets are resolved now. If the client resolved a time later, it
// could skip records written meanwhile.
func (r *Reader) firstOffsets(ctx context.Context, adm *kadm.Client, topic Topic, ends kadm.ListedOffsets) (map[int32]int64, error) {
	first := make(map[int32]int64)
	if topic.Back <= 0 {
		ends.Each(func(end kadm.ListedOffset) { first[end.Partition] = end.Offset })
		return first, nil
	}
	starts, err := adm.ListStartOffsets(ctx, topic.Name)
	if err := errors.Join(err, starts.Error()); err != nil {
		return nil, fmt.Errorf("list start offsets: %w", err)
	}
	starts.Each(func(start kadm.ListedOffset) { first[start.Partition] = start.Offset })
	if topic.Back == Beginning {
		return first, nil
	}
	last, err := adm.ListMaxTimestampOffsets(ctx, topic.Name)
	if err := errors.Join(err, last.Error()); err != nil {
		return nil, fmt.Errorf("list offsets of the latest records: %w", err)
	}
	since := make(map[int32]int64)
	last.Each(func(l kadm.ListedOffset) {
		if end, ok := ends.Lookup(topic.Name, l.Partition); ok && first[l.Partition] < end.Offset && l.Timestamp > 0 {
			from := l.Timestamp - topic.Back.Milliseconds()
			if at, ok := topic.Since[l.Partition]; ok {
				from = min(from, at.UnixMilli())
			}
			since[l.Partition] = max(0, from)
		}
	})
	after, err := r.offsetsAfter(ctx, topic.Name, since)
	if err != nil {
		return nil, fmt.Errorf("list offsets by time: %w", err)
	}
	for partition, offset := range after {
		if offset < 0 { // the records have been deleted meanwhile
			end, _ := ends.Lookup(topic.Name, partition)
			offset = end.Offset
		}
		first[partition] = offset
	}
	return first, nil
}

// offsetsAfter returns, for each partition of since, the offset of the first record
// whose broker time, in Unix milliseconds, is not before since; -1 if there is none.
// It does not use kadm, which takes one time for all partitions.
func (r *Reader) offsetsAfter(ctx context.Context, topic string, since map[int32]int64) (map[int32]int64, error) {
	if len(since) == 0 {
		return nil, nil
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for partition, millis := range since {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = partition, millis
		t.Partitions = append(t.Partitions, p)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.Topics = []kmsg.ListOffsetsRequestTopic{t}
	response, err := request.RequestWith(ctx, r.client) // split by leader and merged
	if err != nil {
		return nil, err
	}
	offsets := make(map[int32]int64)
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("partition %d: %w", p.Partition, err)
			}
			offsets[p.Partition] = p.Offset
		}
	}
	if len(offsets) < len(since) {
		return nil, fmt.Errorf("the brokers answered for %d of %d partitions", len(offsets), len(since))
	}
	return offsets, nil
}
