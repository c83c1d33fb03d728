package kafka

import (
	"fmt"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
)

// GokaConsumer returns the consumer with which Goka reads changelogs. A recovery waits
// while a partition has no leader; Goka's own would end the recovery of all.
func GokaConsumer(cfg Config) goka.SaramaConsumerBuilder {
	return func([]string, string) (sarama.Consumer, error) {
		client, err := newPatientClient(cfg)
		if err != nil {
			return nil, fmt.Errorf("make changelog consumer: %w: %w", ErrUnavailable, err)
		}
		inner, err := sarama.NewConsumerFromClient(client)
		if err != nil {
			_ = client.Close()
			return nil, fmt.Errorf("make changelog consumer: %w: %w", ErrUnavailable, err)
		}
		return changelogConsumer{inner, client}, nil
	}
}

type changelogConsumer struct {
	sarama.Consumer
	client *patientClient
}

func (c changelogConsumer) ConsumePartition(topic string, partition int32, offset int64) (sarama.PartitionConsumer, error) {
	inner, err := c.Consumer.ConsumePartition(topic, partition, offset)
	if err != nil {
		return nil, err
	}
	p := &changelogPartition{inner, make(chan *sarama.ConsumerError, 1)}
	go p.filter()
	return p, nil
}

func (c changelogConsumer) Close() error {
	c.client.hurry()
	err := c.Consumer.Close()
	if closeErr := c.client.Close(); err == nil {
		err = closeErr
	}
	return err
}

// changelogPartition passes on only the errors after which sarama reads no further.
type changelogPartition struct {
	sarama.PartitionConsumer
	errors chan *sarama.ConsumerError
}

func (p *changelogPartition) Errors() <-chan *sarama.ConsumerError { return p.errors }

func (p *changelogPartition) filter() {
	defer close(p.errors)
	for err := range p.PartitionConsumer.Errors() {
		if isTransient(err.Err) {
			continue
		}
		select {
		case p.errors <- err:
		default: // one is enough to end the recovery
		}
	}
}
