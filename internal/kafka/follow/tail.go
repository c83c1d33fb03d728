package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	checkTailsEvery = time.Second
	tailTimeout     = 5 * time.Second // of one check
	tailMaxWait     = 250 * time.Millisecond
	tailMaxBytes    = 64 << 10 // the first batch comes whatever its size
)

// checkTailsNow looks, once in checkTailsEvery, at each partition that is behind
// and has had no record since the check before: is there any record left before
// its noted end? kgo does not say: a poll leaves out a partition without
// records, even if its position has moved.
func (f *Follower) checkTailsNow(ctx context.Context) error {
	if len(f.behind) == 0 || time.Now().Before(f.checkTails) {
		return nil
	}
	defer func() { f.checkTails = time.Now().Add(checkTailsEvery) }()
	ctx, cancel := context.WithTimeout(ctx, tailTimeout)
	defer cancel()
	var idle []topicPartition
	for tp, p := range f.behind {
		if !p.moved {
			idle = append(idle, tp)
		}
		p.moved = false
	}
	for _, tp := range idle {
		next, err := f.nextRecord(ctx, tp, f.behind[tp])
		switch {
		case errors.Is(err, ErrShortened):
			return err
		case err != nil: // a broker is away or moves the partition: the next check asks again
		case next >= f.behind[tp].end:
			f.lag.Progress(tp.topic, tp.partition, next, time.Time{})
			f.reached(tp, next)
		}
	}
	return nil
}

// ErrShortened ends Run where a partition ends before the end that Start noted.
var ErrShortened = errors.New("the partition is shorter than it was: the topic was created again, or has lost records")

// nextRecord is the offset of a partition's next record that is not handled, or
// its noted end if there is none before it.
func (f *Follower) nextRecord(ctx context.Context, tp topicPartition, p *progress) (int64, error) {
	adm := kadm.NewClient(f.client)
	ends, err1 := adm.ListEndOffsets(ctx, tp.topic)
	starts, err2 := adm.ListStartOffsets(ctx, tp.topic)
	topics, err3 := adm.ListTopics(ctx, tp.topic)
	if err := errors.Join(err1, err2, err3, ends.Error(), starts.Error(), topics.Error()); err != nil {
		return 0, err
	}
	end, ok := ends.Lookup(tp.topic, tp.partition)
	if !ok || end.Offset < p.end {
		return 0, fmt.Errorf("follow %s/%d, which ended at offset %d and ends at %d: %w", tp.topic, tp.partition, p.end, end.Offset, ErrShortened)
	}
	start, _ := starts.Lookup(tp.topic, tp.partition)
	topic := topics[tp.topic]
	leader := f.client.Broker(int(topic.Partitions[tp.partition].Leader))
	next := max(p.next, start.Offset)
	for next < p.end {
		record, after, err := fetchOne(ctx, leader, topic, tp.partition, next)
		if err != nil || record {
			return after, err
		}
		if after == next { // no batch: nothing is left up to the end, and that lies behind ours
			return p.end, nil
		}
		next = after
	}
	return next, nil
}

// fetchOne fetches a little from a partition's leader. If that holds a record it
// returns its offset, else the offset after the batches without one.
func fetchOne(ctx context.Context, leader *kgo.Broker, topic kadm.TopicDetail, partition int32, offset int64) (record bool, next int64, err error) {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, tailMaxBytes
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID, t.Partitions = topic.Topic, topic.ID, []kmsg.FetchRequestTopicPartition{p}
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = int32(tailMaxWait.Milliseconds()), 1, tailMaxBytes
	request.Topics = []kmsg.FetchRequestTopic{t}
	response, err := request.RequestWith(ctx, leader)
	if err != nil {
		return false, 0, err
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return false, 0, err
	}
	if response.ThrottleMillis > 0 || len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return false, 0, errors.New("the broker holds its answer back")
	}
	fetched, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Topic: topic.Topic, Partition: partition, Offset: offset,
	}, &response.Topics[0].Partitions[0], kgo.DefaultDecompressor(), nil)
	if fetched.Err == nil && len(fetched.Records) == 0 && next == offset && len(response.Topics[0].Partitions[0].RecordBatches) > 0 {
		return false, 0, errors.New("the batch is incomplete")
	}
	if len(fetched.Records) > 0 {
		return true, fetched.Records[0].Offset, nil
	}
	return false, next, fetched.Err
}
