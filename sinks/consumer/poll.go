package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
)

// Poll waits for records until ctx ends (which is no error) and passes at most
// max of them to handle, partition by partition. No partition is revoked before
// Poll returns. Control records are included, because they alone show that an
// offset holds nothing else. Poll returns only errors that are not temporary.
func (c *Consumer) Poll(ctx context.Context, max int, handle func(topic string, partition int32, records []*kgo.Record)) error {
	select {
	case err := <-c.failed:
		return err
	default:
	}
	defer c.client.AllowRebalance()
	fetches := c.client.PollRecords(ctx, max)
	if fetches.IsClientClosed() {
		return kgo.ErrClientClosed
	}
	if err := c.checkErrors(ctx, fetches); err != nil {
		return err
	}
	var failed error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if failed != nil {
			return
		}
		identity := c.topology.identity(p.Topic)
		var inForce int
		if inForce, failed = c.formatInForce(ctx, p.Topic, p.Records); failed != nil {
			return
		}
		records, stop := c.later.cut(p.Topic, p.Partition, p.Records, inForce)
		if stop {
			c.Pause(p.Topic, p.Partition)
		}
		for _, r := range records {
			r.Offset = identity.Place(p.Partition, r.Offset)
		}
		if len(records) > 0 {
			handle(p.Topic, p.Partition, records)
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return failed
}

// checkErrors records temporary fetch errors and returns one that is not.
func (c *Consumer) checkErrors(ctx context.Context, fetches kgo.Fetches) error {
	var temporary error
	for _, e := range fetches.Errors() {
		switch {
		case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded) && ctx.Err() != nil:
		case Temporary(e.Err):
			temporary = fmt.Errorf("read %s/%d: %w", e.Topic, e.Partition, e.Err)
		default:
			return fmt.Errorf("read %s/%d: %w", e.Topic, e.Partition, e.Err)
		}
	}
	if temporary != nil {
		c.cfg.Broker.Observe(temporary)
		select { // the client backs off by itself, but not for every error
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	} else if fetches.NumRecords() > 0 {
		c.cfg.Broker.Observe(nil)
	}
	return nil
}

// Temporary reports whether a call to Kafka that failed with err can succeed
// later.
func Temporary(err error) bool {
	if _, loss := errors.AsType[*kgo.ErrDataLoss](err); loss {
		return false
	}
	for _, permanent := range []error{
		kerr.OffsetOutOfRange, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
		kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.UnsupportedVersion, kgo.ErrClientClosed,
		kafka.ErrEventsDeleted, topology.ErrMismatch,
	} {
		if errors.Is(err, permanent) {
			return false
		}
	}
	return true
}

// Pause stops fetching a partition. Records that were fetched but not returned
// are dropped, and fetched again after Resume.
func (c *Consumer) Pause(topic string, partition int32) {
	c.client.PauseFetchPartitions(map[string][]int32{topic: {partition}})
}

// Resume ends a pause.
func (c *Consumer) Resume(topic string, partition int32) {
	if !c.later.isStopped(topic, partition) {
		c.client.ResumeFetchPartitions(map[string][]int32{topic: {partition}})
	}
}
