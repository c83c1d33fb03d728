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

// askTimeout bounds one question to the broker: Goka gives no context.
const askTimeout = 10 * time.Second

// GokaTopics looks topics up for Goka and creates none: Goka's own manager
// makes what is missing with two replicas and an hour's retention.
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
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
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

func (m *topicManager) GetOffset(topic string, partition int32, at int64) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	if at != sarama.OffsetOldest && at != sarama.OffsetNewest { // which are the protocol's own numbers
		return 0, fmt.Errorf("list offsets of %s: time %d is not asked for", topic, at)
	}
	return listOffset(ctx, m.client, topic, partition, at)
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
