package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Counts tells over how many partitions the keys of an aggregate's topic are spread,
// or why that is not known.
type Counts interface {
	Partitions(topic string) (int32, error)
}

// checkTopic returns why no record may be sent to the topic now.
func (p *Producer) checkTopic(topic string) error {
	if p.counts == nil {
		return nil
	}
	if _, ok := schemas.AggregateOf(topic); !ok {
		return nil
	}
	_, err := p.counts.Partitions(topic)
	return err
}

// topologyPartitioner hashes over the partitions that topology names, however many
// the topic has now: partitions that were added to it must not move keys. It leaves
// the topics that topology does not name to Partitioner.
type topologyPartitioner struct {
	kgo.Partitioner
	counts Counts
}

func (p topologyPartitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if _, ok := schemas.AggregateOf(topic); !ok {
		return p.Partitioner.ForTopic(topic)
	}
	return aggregatePartitioner{p.counts, topic}
}

type aggregatePartitioner struct {
	counts Counts
	topic  string
}

func (aggregatePartitioner) RequiresConsistency(*kgo.Record) bool { return true }

// Partition returns a partition that does not exist, which fails the record, if
// the count is not known or the topic has fewer partitions.
func (p aggregatePartitioner) Partition(r *kgo.Record, _ int) int {
	n, err := p.counts.Partitions(p.topic)
	if err != nil {
		return -1
	}
	return int(partitionOf(r.Key, n))
}
