package kafka

import (
	"context"
	"fmt"
	"sync"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
)

// GokaGroup is the consumer group that Goka runs on, with three things changed:
// offsets are committed only up to the first record that is still in flight, of
// which a partition has maxInFlight at most, if that is not 0; a rebalance does
// not end Consume, after which Goka would sleep for 5 seconds; and progress is
// reported to lag, unless it is nil.
func GokaGroup(cfg Config, lag *Lag, maxInFlight int) goka.ConsumerGroupBuilder {
	return func(brokers []string, name, _ string) (sarama.ConsumerGroup, error) {
		sc, err := cfg.Sarama()
		if err != nil {
			return nil, err
		}
		inner, err := sarama.NewConsumerGroup(brokers, name, sc)
		if err != nil {
			return nil, fmt.Errorf("join group %s: %w: %w", name, ErrUnavailable, err)
		}
		return &group{ConsumerGroup: inner, lag: lag, maxInFlight: maxInFlight}, nil
	}
}

// GokaConsumer reads tables for Goka's recovery.
func GokaConsumer(cfg Config) goka.SaramaConsumerBuilder {
	return func(brokers []string, _ string) (sarama.Consumer, error) {
		sc, err := cfg.Sarama()
		if err != nil {
			return nil, err
		}
		consumer, err := sarama.NewConsumer(brokers, sc)
		if err != nil {
			return nil, fmt.Errorf("make table consumer: %w: %w", ErrUnavailable, err)
		}
		return consumer, nil
	}
}

type group struct {
	sarama.ConsumerGroup
	lag         *Lag
	maxInFlight int
}

// Consume takes part in the group until ctx is done or a session fails.
func (g *group) Consume(ctx context.Context, topics []string, handler sarama.ConsumerGroupHandler) error {
	for ctx.Err() == nil {
		h := &groupHandler{inner: handler, lag: g.lag, maxInFlight: g.maxInFlight}
		if err := g.ConsumerGroup.Consume(ctx, topics, h); err != nil {
			return err
		}
	}
	return nil
}

// groupHandler wraps one session.
type groupHandler struct {
	inner       sarama.ConsumerGroupHandler
	lag         *Lag
	maxInFlight int
	session     *groupSession
}

func (h *groupHandler) Setup(s sarama.ConsumerGroupSession) error {
	h.session = &groupSession{ConsumerGroupSession: s, lag: h.lag, prefixes: make(map[topicPartition]*prefix)}
	for topic, partitions := range s.Claims() {
		for _, p := range partitions {
			h.session.prefixes[topicPartition{topic, p}] = newPrefix(h.maxInFlight)
		}
	}
	return h.inner.Setup(h.session)
}

func (h *groupHandler) Cleanup(s sarama.ConsumerGroupSession) error {
	for tp := range h.session.prefixes {
		h.lag.Forget(tp.topic, tp.partition)
	}
	return h.inner.Cleanup(h.session)
}

// ConsumeClaim notes each record as in flight before Goka sees it.
func (h *groupHandler) ConsumeClaim(_ sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	h.lag.Begin(claim.Topic(), claim.Partition(), claim.InitialOffset())
	noted := &groupClaim{claim, make(chan *sarama.ConsumerMessage, 64)}
	stop := make(chan struct{})
	var forward sync.WaitGroup
	forward.Go(func() {
		defer close(noted.messages)
		inFlight := h.session.prefixes[topicPartition{claim.Topic(), claim.Partition()}]
		for msg := range claim.Messages() {
			if !inFlight.add(msg.Offset, msg.Timestamp, stop) {
				return
			}
			select {
			case noted.messages <- msg:
			case <-stop:
				return
			}
		}
	})
	err := h.inner.ConsumeClaim(h.session, noted)
	close(stop)
	// The claim's channel is closed once the session ends, which the return of
	// this function brings about; what is left in it is drained by sarama.
	go forward.Wait()
	return err
}

type topicPartition struct {
	topic     string
	partition int32
}

type groupClaim struct {
	sarama.ConsumerGroupClaim
	messages chan *sarama.ConsumerMessage
}

func (c *groupClaim) Messages() <-chan *sarama.ConsumerMessage { return c.messages }

type groupSession struct {
	sarama.ConsumerGroupSession
	lag      *Lag
	prefixes map[topicPartition]*prefix // not changed after Setup
}

// MarkOffset takes next, the offset after a record that is done, and commits as
// far as all records before are done too.
func (s *groupSession) MarkOffset(topic string, partition int32, next int64, metadata string) {
	p, ok := s.prefixes[topicPartition{topic, partition}]
	if !ok {
		return
	}
	if commit, at, moved := p.done(next - 1); moved {
		s.ConsumerGroupSession.MarkOffset(topic, partition, commit, metadata)
		s.lag.Progress(topic, partition, commit, at)
	}
}

func (s *groupSession) MarkMessage(msg *sarama.ConsumerMessage, metadata string) {
	s.MarkOffset(msg.Topic, msg.Partition, msg.Offset+1, metadata)
}
