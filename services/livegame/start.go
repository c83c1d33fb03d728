package livegame

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// How far the follower goes back from a partition's last record.
//
// A row is written after its event, and both are lost or kept on their own when
// a processor is killed. So the rows, read after the end offsets were noted, can
// lack what the processor of the partition had just emitted, and nothing else:
// it gives up when a row stays unacknowledged for kafka.Config.SendTimeout. The
// time is the partition's own, not the present: a partition whose processor was
// killed an hour ago had its last moments then.
const (
	eventsBack  = 30 * time.Second
	repliesBack = 10 * time.Minute
)

// position is where to begin in a partition, and where it ended when the service
// started: it has caught up when it is there.
type position struct {
	from kgo.Offset
	end  int64
}

// positions finds, for every partition of a topic, the first record that is at
// most back older than the last one.
func positions(ctx context.Context, client *kgo.Client, topic string, back time.Duration) (map[int32]position, error) {
	adm := kadm.NewClient(client)
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list the end offsets of %s: %w", topic, err)
	}
	last, err := adm.ListMaxTimestampOffsets(ctx, topic)
	if err := errors.Join(err, last.Error()); err != nil {
		return nil, fmt.Errorf("list the last times of %s: %w", topic, err)
	}
	at := make(map[int32]position)
	ends.Each(func(o kadm.ListedOffset) {
		p := position{kgo.NewOffset().AtStart(), o.Offset}
		if l, ok := last.Lookup(topic, o.Partition); ok && l.Timestamp > 0 {
			p.from = kgo.NewOffset().AfterMilli(max(0, l.Timestamp-back.Milliseconds()))
		}
		at[o.Partition] = p
	})
	if len(at) == 0 {
		return nil, fmt.Errorf("there is no topic %s", topic)
	}
	return at, nil
}

// begin notes where game-events and command-replies end, reads the rows of the
// games as they are then, and sets the client to consume from a little before.
func (s *Service) begin(ctx context.Context, client *kgo.Client) (*catchUp, error) {
	events, err := positions(ctx, client, schemas.GameEvents, eventsBack)
	if err != nil {
		return nil, err
	}
	replies, err := positions(ctx, client, schemas.CommandReplies, repliesBack)
	if err != nil {
		return nil, err
	}
	s.partitions.Store(int32(len(events)))
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	left := &catchUp{left: make(map[topicPartition]int64)}
	from := make(map[string]map[int32]kgo.Offset)
	for topic, partitions := range map[string]map[int32]position{schemas.GameEvents: events, schemas.CommandReplies: replies} {
		from[topic] = make(map[int32]kgo.Offset)
		for p, at := range partitions {
			from[topic][p] = at.from
			s.lag.Begin(topic, p, at.end)
			if at.end > 0 {
				left.left[topicPartition{topic, p}] = at.end
			}
		}
	}
	client.AddConsumePartitions(from)
	return left, nil
}

type topicPartition struct {
	topic     string
	partition int32
}

// catchUp knows which partitions have not reached the end that was noted.
type catchUp struct{ left map[topicPartition]int64 }

// reached notes that all records before next are handled.
func (c *catchUp) reached(topic string, partition int32, next int64) {
	tp := topicPartition{topic, partition}
	if end, ok := c.left[tp]; ok && next >= end {
		delete(c.left, tp)
	}
}

// within reports whether a partition has not reached its noted end.
func (c *catchUp) within(topic string, partition int32) bool {
	_, ok := c.left[topicPartition{topic, partition}]
	return ok
}

func (c *catchUp) done() bool { return len(c.left) == 0 }
