package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Poll waits for records until ctx ends (which is no error) and gives at most
// max of them, partition by partition, to each. No partition is taken away
// before it returns. Control records are among them, since only they tell that
// there is nothing else at their offsets. Poll fails only with what no waiting
// will mend.
func (in *Intake) Poll(ctx context.Context, max int, each func(topic string, partition int32, records []*kgo.Record)) error {
	select {
	case err := <-in.fatal:
		return err
	default:
	}
	defer in.client.AllowRebalance()
	fetches := in.client.PollRecords(ctx, max)
	if fetches.IsClientClosed() {
		return kgo.ErrClientClosed
	}
	if err := in.sort(ctx, fetches); err != nil {
		return err
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) > 0 {
			each(p.Topic, p.Partition, p.Records)
		}
	})
	return nil
}

// sort notes errors that pass and returns one that does not.
func (in *Intake) sort(ctx context.Context, fetches kgo.Fetches) error {
	var passing error
	for _, e := range fetches.Errors() {
		switch {
		case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded) && ctx.Err() != nil:
		case Passes(e.Err):
			passing = fmt.Errorf("read %s/%d: %w", e.Topic, e.Partition, e.Err)
		default:
			return fmt.Errorf("read %s/%d: %w", e.Topic, e.Partition, e.Err)
		}
	}
	if passing != nil {
		in.cfg.Watch.Observe(passing)
		select { // the client backs off by itself, but not for every error
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	} else if fetches.NumRecords() > 0 {
		in.cfg.Watch.Observe(nil)
	}
	return nil
}

// Passes tells whether an error of Kafka's goes away by itself.
func Passes(err error) bool {
	if _, loss := errors.AsType[*kgo.ErrDataLoss](err); loss {
		return false
	}
	for _, never := range []error{
		kerr.OffsetOutOfRange, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
		kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.UnsupportedVersion, kgo.ErrClientClosed,
	} {
		if errors.Is(err, never) {
			return false
		}
	}
	return true
}

// Pause stops reading a partition; what was read and not given out is dropped
// and read again after Resume.
func (in *Intake) Pause(topic string, partition int32) {
	in.client.PauseFetchPartitions(map[string][]int32{topic: {partition}})
}

// Resume ends a pause.
func (in *Intake) Resume(topic string, partition int32) {
	in.client.ResumeFetchPartitions(map[string][]int32{topic: {partition}})
}

// Commit tells the group how far the partition's data is written: for those who
// watch the group's lag, nobody reads it here. A failure is of no consequence.
func (in *Intake) Commit(ctx context.Context, topic string, partition int32, next int64) {
	in.client.CommitOffsets(ctx, map[string]map[int32]kgo.EpochOffset{topic: {partition: {Epoch: -1, Offset: next}}}, nil)
}

// Ready says what the member still waits for: the broker, or a place in the
// group.
func (in *Intake) Ready(ctx context.Context) error {
	if _, generation := in.client.GroupMetadata(); generation < 0 {
		return fmt.Errorf("not a member of group %s yet", in.cfg.Group)
	}
	if err := in.client.Ping(ctx); err != nil {
		return fmt.Errorf("reach kafka: %w", err)
	}
	return in.cfg.Watch.Err()
}
