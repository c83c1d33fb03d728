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
	tailMaxBytes    = 64 << 10 // a broker returns the first batch even if it is larger
)

// checkTailsNow checks, once in checkTailsEvery, each partition that is behind and
// had no record since the previous check. It asks the broker whether any record is
// left before the noted end. kgo does not tell: a poll omits a partition without
// records, even if its offset has moved.
func (r *Reader) checkTailsNow(ctx context.Context) error {
	if len(r.behind) == 0 || time.Now().Before(r.checkTails) {
		return nil
	}
	defer func() { r.checkTails = time.Now().Add(checkTailsEvery) }()
	ctx, cancel := context.WithTimeout(ctx, tailTimeout)
	defer cancel()
	var idle []topicPartition
	for tp, p := range r.behind {
		if !p.moved {
			idle = append(idle, tp)
		}
		p.moved = false
	}
	for _, tp := range idle {
		next, err := r.nextRecord(ctx, tp, r.behind[tp])
		switch {
		case errors.Is(err, ErrShortened):
			return err
		case err != nil: // a broker is unreachable or the partition is moving: the next check asks again
		case next >= r.behind[tp].end:
			r.lag.Progress(tp.topic, tp.partition, next, time.Time{})
			r.reached(tp, next)
		}
	}
	return nil
}

// ErrShortened means that a partition is now shorter than at Start. Run returns it.
var ErrShortened = errors.New("the partition is shorter than it was: the topic was created again, or has lost records")

// nextRecord returns the offset of a partition's next unhandled record, or the noted
// end if no record is left before it.
func (r *Reader) nextRecord(ctx context.Context, tp topicPartition, p *progress) (int64, error) {
	adm := kadm.NewClient(r.client)
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
	leader := r.client.Broker(int(topic.Partitions[tp.partition].Leader))
	next := max(p.next, start.Offset)
	for next < p.end {
		record, after, err := fetchOne(ctx, leader, topic, tp.partition, next)
		if err != nil || record {
			return after, err
		}
		if after == next { // no batch: nothing is left before the end, and the end is at or after the noted end
			return p.end, nil
		}
		next = after
	}
	return next, nil
}

// fetchOne makes one small fetch from a partition's leader. It returns the first
// record's offset, or the offset after empty batches if the fetch has no record.
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
		return false, 0, errors.New("the broker throttled the request or answered for no partition")
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
