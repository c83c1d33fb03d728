package consumer

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// topicsRead is the topology as a member read it at Join.
type topicsRead struct {
	topology.Snapshot
	client *kgo.Client
	topics []string // the consumed topics that belong to an aggregate
}

// readTopology reads topology and compares it with the topics. It waits while Kafka is
// unavailable.
func (c *Consumer) readTopology(ctx context.Context) error {
	client, err := kgo.NewClient(c.cfg.Kafka.Opts()...)
	if err != nil {
		return fmt.Errorf("read topology: %w", err)
	}
	t := &topicsRead{client: client, topics: slices.DeleteFunc(slices.Clone(c.cfg.Topics), func(topic string) bool {
		_, ok := schemas.AggregateOf(topic)
		return !ok
	})}
	c.topology = t // Leave closes its client
	return c.cfg.Broker.Do(ctx, func(ctx context.Context) error {
		t.Snapshot, err = topology.ReadChecked(ctx, client, t.topics...)
		return err
	})
}

// WatchTopology returns an error when the topics or topology are no longer what they
// were at Join, and nil when ctx is done.
func (c *Consumer) WatchTopology(ctx context.Context) error {
	// What a sink writes does not depend on the format: it only has to be one that
	// this release reads.
	return c.topology.Watch(ctx, c.topology.client, func(topology.Snapshot) {}, c.topology.topics...)
}

// identity returns a topic's identity, which turns its offsets into places. A topic
// that belongs to no aggregate has only generation 1.
func (t *topicsRead) identity(topic string) schemas.TopicIdentity {
	if _, ok := schemas.AggregateOf(topic); !ok {
		return schemas.TopicIdentity{Since: 1}
	}
	return t.Of(topic).Topic(topic)
}
