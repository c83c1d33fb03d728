package consumer

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/internal/retry"
	"tabiya/schemas"
)

// Topology is the topology that one run of a sink works by.
type Topology struct {
	topology.Snapshot
	client *kgo.Client
	topics []string
}

// ReadTopology reads topology and compares it with the topics that a sink will read.
// It waits while Kafka is unavailable. It returns a topology.ErrMismatch if the topics
// are others. Topics of no aggregate are not compared.
func ReadTopology(ctx context.Context, cfg kafka.Config, broker *retry.Dependency, topics []string) (*Topology, error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, fmt.Errorf("read topology: %w", err)
	}
	t := &Topology{client: client, topics: slices.DeleteFunc(slices.Clone(topics), func(topic string) bool {
		_, ok := schemas.AggregateOf(topic)
		return !ok
	})}
	err = broker.Do(ctx, func(ctx context.Context) error {
		t.Snapshot, err = topology.ReadChecked(ctx, client, t.topics...)
		return err
	})
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// identity says what a topic's offsets mean. Those of a topic of no aggregate are
// places as they are.
func (t *Topology) identity(topic string) schemas.TopicIdentity {
	if _, ok := schemas.AggregateOf(topic); !ok {
		return schemas.TopicIdentity{Since: 1}
	}
	return t.Of(topic).Topic(topic)
}

// Watch returns an error when the topics or topology are no longer what they were,
// and nil when ctx is done.
func (t *Topology) Watch(ctx context.Context) error {
	return t.Snapshot.Watch(ctx, t.client, t.topics...)
}

// Close disconnects.
func (t *Topology) Close() { t.client.Close() }
