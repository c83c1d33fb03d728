package matchmaking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// repliesBack is how much of command-replies is read at the start: an instance
// that is new knows what was refused lately.
const repliesBack = 10 * time.Minute

// gather is the pause between two looks at the log: moves, most of all records
// and of no interest here, would wake the reader for every few of them.
const gather = 10 * time.Millisecond

// read reads the events and the replies of all partitions, without a group,
// from their ends as they are when it begins. What happened before is in the
// tables.
func (s *Service) read(ctx context.Context) error {
	client, err := kgo.NewClient(append(s.cfg.Kafka.Opts(), kgo.FetchMaxWait(250*time.Millisecond))...)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	defer client.Close()
	left, err := s.begin(ctx, client)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("read events: %w", err)
	}
	for {
		if len(left) == 0 {
			s.link.caughtUp.Store(true)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(gather):
		}
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var failed []error
		fetches.EachError(func(topic string, partition int32, err error) {
			failed = append(failed, fmt.Errorf("read %s/%d: %w", topic, partition, err))
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, r := range p.Records {
				s.take(r)
			}
			if n := len(p.Records); n > 0 {
				last := p.Records[n-1]
				s.lag.Progress(p.Topic, p.Partition, last.Offset+1, last.Timestamp)
				if p.Topic == schemas.CommandReplies && last.Offset+1 >= left[p.Partition] {
					delete(left, p.Partition)
				}
			}
		})
		if len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
}

// begin sets the client to the places to read from. left are the partitions of
// command-replies with the ends that have to be reached first.
func (s *Service) begin(ctx context.Context, client *kgo.Client) (left map[int32]int64, err error) {
	topics := []string{schemas.QueueEvents, schemas.PlayerEvents, schemas.GameEvents, schemas.CommandReplies}
	adm := kadm.NewClient(client)
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	since, err := adm.ListOffsetsAfterMilli(ctx, time.Now().Add(-repliesBack).UnixMilli(), schemas.CommandReplies)
	if err := errors.Join(err, since.Error()); err != nil {
		return nil, fmt.Errorf("list offsets of replies: %w", err)
	}
	from, left := make(map[string]map[int32]kgo.Offset), make(map[int32]int64)
	ends.Each(func(o kadm.ListedOffset) {
		at := o.Offset
		if start, ok := since.Lookup(o.Topic, o.Partition); ok && start.Offset < at {
			at = start.Offset
			left[o.Partition] = o.Offset
		}
		if from[o.Topic] == nil {
			from[o.Topic] = make(map[int32]kgo.Offset)
		}
		from[o.Topic][o.Partition] = kgo.NewOffset().At(at)
		s.lag.Begin(o.Topic, o.Partition, at)
	})
	for _, topic := range topics {
		if len(from[topic]) == 0 {
			return nil, fmt.Errorf("there is no topic %s", topic)
		}
	}
	client.AddConsumePartitions(from)
	return left, nil
}

// take handles one record. The header says whether it is worth decoding: moves,
// most of all records, are not.
func (s *Service) take(r *kgo.Record) {
	if r.Topic == schemas.CommandReplies {
		reply, err := schemas.DecodeReply(r.Value)
		if err != nil {
			s.skip(r, err)
			return
		}
		if schemas.ValidID(reply.Actor) {
			s.answers.Reply(reply.Actor, reply)
		}
		return
	}
	if !s.wanted(schemas.EventType(kafka.Header(r, schemas.HeaderType)), string(r.Key)) {
		return
	}
	ev, err := schemas.DecodeEvent(r.Value)
	if err != nil {
		s.skip(r, err)
		return
	}
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		s.answers.Event(p.PlayerID, ev)
	case *schemas.PlayerLeftQueuePayload:
		s.answers.Event(p.PlayerID, ev)
	}
	s.hub.Event(ev)
}

func (s *Service) wanted(kind schemas.EventType, key string) bool {
	switch kind {
	case schemas.PlayerQueued, schemas.PlayerLeftQueue:
		return true
	case schemas.MatchFound, schemas.MatchFailed, schemas.GameCreated, schemas.GameStarted:
		return s.hub.Listening()
	case schemas.PlayerRated:
		return s.hub.ListeningTo(key)
	default:
		return kind.Terminal() && s.hub.Listening()
	}
}

// skip says in the log what could not be read; its own topic keeps it.
func (s *Service) skip(r *kgo.Record, err error) {
	s.cfg.Logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
}
