// Package follow reads topics from a chosen offset to their end and beyond,
// without a consumer group: every instance of a service reads all partitions.
//
//	r, err := follow.Start(ctx, client, lag,
//		follow.Topic{Name: schemas.GameEvents, Back: 30 * time.Second},
//		follow.Topic{Name: schemas.CommandReplies, Back: follow.Beginning},
//	)
//	// ... read what must be at least as new as the ends that Start noted ...
//	err = r.Run(ctx, follow.Handler{
//		Records:  func(records []*kgo.Record) { ... r.Behind(topic, partition) ... },
//		Polled:   func() { ... },
//		CaughtUp: func() { ... },
//	})
//
// Start notes the end of every partition and consumes nothing yet. Run consumes
// and calls the handler. A partition has caught up when no record before its
// noted end is left to handle. Normally the last record proves it. If no record
// lies just before the end (retention, compaction or a transaction marker), the
// offsets at Start or a request to the broker prove it (see tail.go).
//
// A topic that is deleted and created again ends Run with an error: the client
// keeps asking for the old topic's id, and the old offsets mean nothing in the
// new topic. Call Start again, with a new client.
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

// Beginning is a Topic.Back that reads a topic from its first record.
const Beginning = time.Duration(math.MaxInt64)

// Topic is a topic to follow and where to begin in it.
type Topic struct {
	Name string
	// Back is how far before the end of each partition to begin, in broker time.
	// It is measured from the partition's last record, not from now: the partition
	// may have been idle for hours. Zero skips all records before the end.
	Back time.Duration
	// Since has partitions that begin at this broker time, if that is earlier than Back
	// says. It may be nil.
	Since map[int32]time.Time
}

// Reader reads topics. Its methods are not safe for concurrent use, except
// Partitions.
type Reader struct {
	client     *kgo.Client
	lag        *kafka.Lag
	partitions map[string]int
	from       map[string]map[int32]kgo.Offset
	behind     map[topicPartition]*progress
	checkTails time.Time // when to check the partitions that are behind
}

type topicPartition struct {
	topic     string
	partition int32
}

// progress is the progress of a partition that is behind.
type progress struct {
	next  int64 // all records before it are handled
	end   int64 // noted by Start
	moved bool  // next has changed since the last check of the tails
}

// Start notes the present end of each partition of the topics and the first
// offset to read. The client must consume nothing else; it may send other
// requests. All progress is reported to lag, which may be nil. Start returns an
// error if a topic does not exist or Kafka does not answer before ctx is done.
func Start(ctx context.Context, client *kgo.Client, lag *kafka.Lag, topics ...Topic) (*Reader, error) {
	r := &Reader{
		client:     client,
		lag:        lag,
		partitions: make(map[string]int),
		from:       make(map[string]map[int32]kgo.Offset),
		behind:     make(map[topicPartition]*progress),
	}
	adm := kadm.NewClient(client)
	for _, topic := range topics {
		if err := r.note(ctx, adm, topic); err != nil {
			return nil, fmt.Errorf("follow %s: %w", topic.Name, err)
		}
	}
	return r, nil
}

func (r *Reader) note(ctx context.Context, adm *kadm.Client, topic Topic) error {
	ends, err := adm.ListEndOffsets(ctx, topic.Name)
	if err := errors.Join(err, ends.Error()); err != nil {
		return fmt.Errorf("list end offsets: %w", err)
	}
	first, err := r.firstOffsets(ctx, adm, topic, ends)
	if err != nil {
		return err
	}
	from := make(map[int32]kgo.Offset)
	ends.Each(func(end kadm.ListedOffset) {
		next := first[end.Partition]
		from[end.Partition] = kgo.NewOffset().At(next)
		r.lag.Begin(topic.Name, end.Partition, next)
		if next < end.Offset {
			r.behind[topicPartition{topic.Name, end.Partition}] = &progress{next: next, end: end.Offset}
		}
	})
	if len(from) == 0 {
		return errors.New("there is no such topic")
	}
	r.partitions[topic.Name], r.from[topic.Name] = len(from), from
	return nil
}

// Partitions returns the number of partitions of a followed topic.
func (r *Reader) Partitions(topic string) int { return r.partitions[topic] }

// Behind reports whether a partition has not caught up with its noted end.
func (r *Reader) Behind(topic string, partition int32) bool {
	if len(r.behind) == 0 {
		return false
	}
	_, behind := r.behind[topicPartition{topic, partition}]
	return behind
}
