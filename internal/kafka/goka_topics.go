package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// adminTimeout limits one request to the broker: Goka passes no context.
const adminTimeout = 10 * time.Second

// GokaTopics returns a topic manager for Goka that looks topics up and fails if
// they do not exist. Goka's own manager would create them with two replicas and
// one hour of retention.
func GokaTopics(cfg Config) goka.TopicManagerBuilder {
	return func([]string) (goka.TopicManager, error) {
		client, err := kgo.NewClient(cfg.Opts()...)
		if err != nil {
			return nil, fmt.Errorf("make topic manager: %w", err)
		}
		return &topicManager{client}, nil
	}
}

type topicManager struct{ client *kgo.Client }

func (m *topicManager) Partitions(topic string) ([]int32, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	details, err := kadm.NewClient(m.client).ListTopics(ctx, topic)
	if err := errors.Join(err, details.Error()); err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	partitions := details[topic].Partitions.Numbers()
	if len(partitions) == 0 {
		return nil, fmt.Errorf("topic %s does not exist", topic)
	}
	slices.Sort(partitions)
	return partitions, nil
}

// GetOffset returns the first offset of a partition, or that after its last record: Goka
// recovers a table until it has read the record before it, and would wait for a marker
// for ever. sarama's names for the two are the timestamps that the ListOffsets request
// uses.
func (m *topicManager) GetOffset(topic string, partition int32, timestamp int64) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	switch timestamp {
	case sarama.OffsetOldest:
		return StartOffset(ctx, m.client, topic, partition)
	case sarama.OffsetNewest:
		return recordsEnd(ctx, m.client, topic, partition)
	default:
		return 0, fmt.Errorf("list offsets of %s: timestamp %d is not supported", topic, timestamp)
	}
}

func (m *topicManager) exists(topic string, partitions int) error {
	have, err := m.Partitions(topic)
	if err != nil {
		return err
	}
	if len(have) != partitions {
		return fmt.Errorf("topic %s has %d partitions, not %d", topic, len(have), partitions)
	}
	return nil
}

func (m *topicManager) EnsureTableExists(topic string, partitions int) error {
	return m.exists(topic, partitions)
}

func (m *topicManager) EnsureStreamExists(topic string, partitions int) error {
	return m.exists(topic, partitions)
}

func (m *topicManager) EnsureTopicExists(topic string, partitions, _ int, _ map[string]string) error {
	return m.exists(topic, partitions)
}

func (m *topicManager) Close() error {
	m.client.Close()
	return nil
}
