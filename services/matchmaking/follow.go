package matchmaking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/follow"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// repliesBack is how much of command-replies is read at the start: a new
// instance knows recent refusals.
const repliesBack = 10 * time.Minute

// pollPause is the pause between two polls. Most records are moves, which this
// service ignores; without the pause it would wake up for every few of them.
const pollPause = 10 * time.Millisecond

// follow reads the events and command-replies of all partitions, without a
// group, from their ends at the time it is called. The tables hold what happened
// before.
func (s *Service) follow(ctx context.Context) error {
	client, err := kgo.NewClient(append(s.cfg.Kafka.Opts(), kgo.FetchMaxWait(250*time.Millisecond))...)
	if err != nil {
		return fmt.Errorf("follow events: %w", err)
	}
	defer client.Close()
	reader, err := follow.Start(ctx, client, s.lag,
		follow.Topic{Name: schemas.QueueEvents},
		follow.Topic{Name: schemas.PlayerEvents},
		follow.Topic{Name: schemas.GameEvents},
		follow.Topic{Name: schemas.CommandReplies, Back: repliesBack},
	)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return reader.Run(ctx, follow.Handler{
		Records: func(records []*kgo.Record) {
			for _, r := range records {
				s.handle(r)
			}
		},
		Polled: func() {
			select {
			case <-ctx.Done():
			case <-time.After(pollPause):
			}
		},
		CaughtUp: func() { s.caughtUp.Store(true) },
	})
}

// probe pings Kafka until ctx is done.
func (s *Service) probe(ctx context.Context) error {
	client, err := kgo.NewClient(s.cfg.Kafka.Opts()...)
	if err != nil {
		return fmt.Errorf("probe kafka: %w", err)
	}
	defer client.Close()
	readiness.Ping(ctx, client.Ping, func(err error) {
		s.readiness.Observe(err)
		if unreachable := err != nil; s.unreachable.Swap(unreachable) != unreachable {
			s.cfg.Logger.Warn("kafka became reachable or unreachable", "unreachable", unreachable, "err", err)
		}
	})
	return nil
}

// handle handles one record. It decodes an event only if its header names a type
// that somebody waits for.
func (s *Service) handle(r *kgo.Record) {
	defer func() {
		if p := recover(); p != nil { // others wrote the record: nothing in it may end the process
			s.skip(r, fmt.Errorf("panic: %v", p))
		}
	}()
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
	s.subscriptions.Publish(ev)
}

func (s *Service) wanted(eventType schemas.EventType, key string) bool {
	switch eventType {
	case schemas.PlayerQueued, schemas.PlayerLeftQueue:
		return true
	case schemas.MatchFound, schemas.MatchFailed, schemas.GameCreated, schemas.GameStarted, schemas.RematchFailed:
		return s.subscriptions.Any()
	case schemas.PlayerRated:
		return s.subscriptions.Has(key)
	default:
		return eventType.Terminal() && s.subscriptions.Any()
	}
}

// skip counts and logs a record that cannot be decoded. It stays on its topic.
func (s *Service) skip(r *kgo.Record, err error) {
	s.skipped.WithLabelValues(r.Topic).Inc()
	if errors.Is(err, schemas.ErrUnknownType) {
		s.unknown.Log(r, err)
		return
	}
	s.cfg.Logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
}
