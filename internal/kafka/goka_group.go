package kafka

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
)

// GokaGroup returns the consumer group for Goka. It wraps sarama's group in four
// ways:
//
//   - It commits offsets only up to the first record that is still in flight, of
//     which each partition has at most maxInFlight; 0 means no limit.
//   - Its Consume does not return on a rebalance, after which Goka would sleep for
//     5 seconds.
//   - It reports progress to lag, which may be nil.
//   - It reads no records of a partition that is given up. It asks givenUp after the
//     partition's recovery.
func GokaGroup(cfg Config, lag *Lag, maxInFlight int, givenUp func(partition int32) bool) goka.ConsumerGroupBuilder {
	return func(brokers []string, name, _ string) (sarama.ConsumerGroup, error) {
		sc, err := cfg.Sarama()
		if err != nil {
			return nil, err
		}
		inner, err := sarama.NewConsumerGroup(brokers, name, sc)
		if err != nil {
			return nil, fmt.Errorf("join group %s: %w: %w", name, ErrUnavailable, err)
		}
		return &group{ConsumerGroup: inner, lag: lag, maxInFlight: maxInFlight, givenUp: givenUp}, nil
	}
}

// GokaConsumer returns the consumer with which Goka reads changelogs.
func GokaConsumer(cfg Config) goka.SaramaConsumerBuilder {
	return func(brokers []string, _ string) (sarama.Consumer, error) {
		sc, err := cfg.Sarama()
		if err != nil {
			return nil, err
		}
		consumer, err := sarama.NewConsumer(brokers, sc)
		if err != nil {
			return nil, fmt.Errorf("make changelog consumer: %w: %w", ErrUnavailable, err)
		}
		return consumer, nil
	}
}

type group struct {
	sarama.ConsumerGroup
	lag         *Lag
	maxInFlight int
	givenUp     func(partition int32) bool
}

// Consume joins the group, again after each rebalance, until ctx is done or a
// session fails.
func (g *group) Consume(ctx context.Context, topics []string, handler sarama.ConsumerGroupHandler) error {
	for ctx.Err() == nil {
		h := &groupHandler{inner: handler, lag: g.lag, maxInFlight: g.maxInFlight, givenUp: g.givenUp}
		if err := g.ConsumerGroup.Consume(ctx, topics, h); err != nil {
			return err
		}
	}
	return nil
}

// groupHandler wraps Goka's handler for one session, the time between two
// rebalances.
type groupHandler struct {
	inner       sarama.ConsumerGroupHandler
	lag         *Lag
	maxInFlight int
	givenUp     func(partition int32) bool
	session     *groupSession
}

func (h *groupHandler) Setup(s sarama.ConsumerGroupSession) error {
	h.session = &groupSession{ConsumerGroupSession: s, lag: h.lag, prefixes: make(map[topicPartition]*commitPrefix)}
	for topic, partitions := range s.Claims() {
		for _, p := range partitions {
			h.session.prefixes[topicPartition{topic, p}] = newCommitPrefix(h.maxInFlight)
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

// ConsumeClaim registers each record of a partition as in flight and then hands it
// to Goka.
func (h *groupHandler) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	h.lag.Begin(claim.Topic(), claim.Partition(), claim.InitialOffset())
	if h.givenUp(claim.Partition()) {
		<-s.Context().Done() // without it, sarama would end the session of all partitions
		return nil
	}
	registered := &groupClaim{claim, make(chan *sarama.ConsumerMessage, 64)}
	stop := make(chan struct{})
	go func() {
		defer close(registered.messages)
		inFlight := h.session.prefixes[topicPartition{claim.Topic(), claim.Partition()}]
		for msg := range claim.Messages() {
			if !inFlight.add(msg.Offset, msg.Timestamp, stop) {
				return
			}
			select {
			case registered.messages <- msg:
			case <-stop:
				return
			}
		}
	}()
	err := h.inner.ConsumeClaim(h.session, registered)
	close(stop)
	// Do not wait for the goroutine here: it may be blocked on claim.Messages,
	// which sarama closes only after this function has returned.
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
	prefixes map[topicPartition]*commitPrefix // not changed after Setup
}

// MarkOffset marks the record before next as done. It commits up to the first
// record that is not done.
func (s *groupSession) MarkOffset(topic string, partition int32, next int64, metadata string) {
	p, ok := s.prefixes[topicPartition{topic, partition}]
	if !ok {
		return
	}
	if commit, brokerTime, advanced := p.done(next - 1); advanced {
		s.ConsumerGroupSession.MarkOffset(topic, partition, commit, metadata)
		s.lag.Progress(topic, partition, commit, brokerTime)
	}
}

func (s *groupSession) MarkMessage(msg *sarama.ConsumerMessage, metadata string) {
	s.MarkOffset(msg.Topic, msg.Partition, msg.Offset+1, metadata)
}
