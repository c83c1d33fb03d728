// Package follow reads topics from a chosen place to their end and beyond,
// without a consumer group: every instance of a service reads all partitions.
//
//	f, err := follow.Start(ctx, client, lag,
//		follow.Topic{Name: schemas.GameEvents, Back: 30 * time.Second},
//		follow.Topic{Name: schemas.CommandReplies, Back: follow.Beginning},
//	)
//	// ... read what must not be older than the ends that Start noted ...
//	err = f.Run(ctx, follow.Handler{
//		Records:  func(records []*kgo.Record) { ... f.Behind(topic, partition) ... },
//		Polled:   func() { ... },
//		CaughtUp: func() { ... },
//	})
//
// Start notes the end of every partition and consumes nothing yet. Run consumes
// and calls the handler. A partition has caught up when no record before its
// noted end is left to handle. Usually the last record shows that. It cannot
// where the partition holds no record just before its end: retention has
// deleted all records, active segment included, or the end is a transaction
// marker or a gap that compaction left. Such a partition is found by its offsets
// at Start, or by asking the broker while Run waits (see tail.go).
//
// A topic that is deleted and created again ends Run with an error: the client
// keeps asking for the old topic's id, and its offsets mean nothing in the new
// one. Start again with a new client then.
package follow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// Beginning is a Topic.Back that reads a topic from its first record on.
const Beginning = time.Duration(math.MaxInt64)

// Topic says what to follow, and from where on.
type Topic struct {
	Name string
	// Back is how far before the last record of each partition to begin, by
	// broker time; not before the present time, which says nothing about a
	// partition that has been idle. Zero skips all records before the end.
	Back time.Duration
}

// Follower reads topics. Its methods are not safe for concurrent use, except
// Partitions.
type Follower struct {
	client     *kgo.Client
	lag        *kafka.Lag
	partitions map[string]int
	from       map[string]map[int32]kgo.Offset
	behind     map[topicPartition]*progress
	checkTails time.Time // when to look at the partitions that are behind
}

type topicPartition struct {
	topic     string
	partition int32
}

// progress is how far a partition has come that has not caught up.
type progress struct {
	next  int64 // all records before it are handled
	end   int64 // noted by Start
	moved bool  // since the last check of the tails
}

// Start notes the present ends of the topics' partitions and where to begin in
// each. The client must consume nothing else; it may serve other requests. All
// progress is reported to lag, which may be nil. Start fails if a topic does not
// exist or Kafka does not answer before ctx is done.
func Start(ctx context.Context, client *kgo.Client, lag *kafka.Lag, topics ...Topic) (*Follower, error) {
	f := &Follower{
		client:     client,
		lag:        lag,
		partitions: make(map[string]int),
		from:       make(map[string]map[int32]kgo.Offset),
		behind:     make(map[topicPartition]*progress),
	}
	adm := kadm.NewClient(client)
	for _, topic := range topics {
		if err := f.note(ctx, adm, topic); err != nil {
			return nil, fmt.Errorf("follow %s: %w", topic.Name, err)
		}
	}
	return f, nil
}

func (f *Follower) note(ctx context.Context, adm *kadm.Client, topic Topic) error {
	ends, err := adm.ListEndOffsets(ctx, topic.Name)
	if err := errors.Join(err, ends.Error()); err != nil {
		return fmt.Errorf("list end offsets: %w", err)
	}
	first, err := f.firstOffsets(ctx, adm, topic, ends)
	if err != nil {
		return err
	}
	from := make(map[int32]kgo.Offset)
	ends.Each(func(end kadm.ListedOffset) {
		next := first[end.Partition]
		from[end.Partition] = kgo.NewOffset().At(next)
		f.lag.Begin(topic.Name, end.Partition, next)
		if next < end.Offset {
			f.behind[topicPartition{topic.Name, end.Partition}] = &progress{next: next, end: end.Offset}
		}
	})
	if len(from) == 0 {
		return errors.New("there is no such topic")
	}
	f.partitions[topic.Name], f.from[topic.Name] = len(from), from
	return nil
}

// Partitions is the number of partitions that a followed topic has.
func (f *Follower) Partitions(topic string) int { return f.partitions[topic] }

// Behind reports whether a partition has not caught up with its noted end.
func (f *Follower) Behind(topic string, partition int32) bool {
	if len(f.behind) == 0 {
		return false
	}
	_, behind := f.behind[topicPartition{topic, partition}]
	return behind
}
