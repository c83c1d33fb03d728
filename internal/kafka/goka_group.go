package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
)

// GroupMember is this process's membership of a consumer group. It outlives Goka's
// runs: a run that ends and starts again joins under the same member id, so that the
// group need not wait for the session timeout of a member that is gone. It is not safe
// for concurrent use.
type GroupMember struct {
	cfg         Config
	lag         *Lag
	maxInFlight int

	client *patientClient
	inner  sarama.ConsumerGroup // nil before the first run
}

// NewGroupMember makes a member that reports progress to lag, which may be nil. Each
// partition has at most maxInFlight records that are not done; 0 means no limit.
func NewGroupMember(cfg Config, lag *Lag, maxInFlight int) *GroupMember {
	return &GroupMember{cfg: cfg, lag: lag, maxInFlight: maxInFlight}
}

// Goka returns the consumer group for one run of Goka. It wraps sarama's group in four
// ways:
//
//   - It commits offsets only up to the first record that is still in flight.
//   - Its Consume does not return on a rebalance, after which Goka would sleep for
//     5 seconds, nor while brokers are away for less than the session timeout.
//   - It reports progress to the lag.
//   - If the records in flight are not acknowledged in maxStop after the partitions
//     were lost, it calls abort, which must fail them.
func (m *GroupMember) Goka(maxStop time.Duration, abort func()) goka.ConsumerGroupBuilder {
	return func(_ []string, name, _ string) (sarama.ConsumerGroup, error) {
		if err := m.join(name); err != nil {
			return nil, fmt.Errorf("join group %s: %w: %w", name, ErrUnavailable, err)
		}
		return &group{
			ConsumerGroup: m.inner, client: m.client, lag: m.lag, maxInFlight: m.maxInFlight,
			maxStop: maxStop, abort: abort, patience: m.cfg.Session(),
		}, nil
	}
}

func (m *GroupMember) join(name string) (err error) {
	if m.inner != nil {
		return nil
	}
	if m.client, err = newPatientClient(m.cfg); err != nil {
		return err
	}
	if m.inner, err = sarama.NewConsumerGroupFromClient(name, m.client); err != nil {
		_ = m.client.Close()
	}
	return err
}

// Close leaves the group.
func (m *GroupMember) Close() error {
	if m.inner == nil {
		return nil
	}
	m.client.hurry()
	err := errors.Join(m.inner.Close(), m.client.Close())
	m.inner = nil
	return err
}

type group struct {
	sarama.ConsumerGroup
	client      *patientClient
	lag         *Lag
	maxInFlight int
	maxStop     time.Duration
	abort       func()
	patience    time.Duration
}

// Close does nothing: the member stays in the group for the next run.
func (g *group) Close() error { return nil }

// Consume joins the group, again after each rebalance, until ctx is done, a session
// fails, or brokers are away for longer than patience.
func (g *group) Consume(ctx context.Context, topics []string, handler sarama.ConsumerGroupHandler) error {
	g.client.waitUntil(ctx)
	var failing time.Time // since when
	for ctx.Err() == nil {
		h := &groupHandler{inner: handler, lag: g.lag, maxInFlight: g.maxInFlight, maxStop: g.maxStop, abort: g.abort}
		err := g.ConsumerGroup.Consume(ctx, topics, h)
		switch {
		case err == nil || h.session != nil && h.err == nil: // a rebalance, or a last commit that failed
			failing = time.Time{}
			continue
		case h.err != nil || !isTransient(err) || !failing.IsZero() && time.Since(failing) > g.patience:
			return err
		case failing.IsZero():
			failing = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollPause):
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
	maxStop     time.Duration
	abort       func()
	session     *groupSession // nil before Setup
	err         error         // of Goka's Setup or Cleanup
}

func (h *groupHandler) Setup(s sarama.ConsumerGroupSession) error {
	h.session = &groupSession{ConsumerGroupSession: s, lag: h.lag, prefixes: make(map[topicPartition]*commitPrefix)}
	for topic, partitions := range s.Claims() {
		for _, p := range partitions {
			h.session.prefixes[topicPartition{topic, p}] = newCommitPrefix(h.maxInFlight)
		}
	}
	h.err = h.inner.Setup(h.session)
	return h.err
}

func (h *groupHandler) Cleanup(s sarama.ConsumerGroupSession) error {
	for tp := range h.session.prefixes {
		h.lag.Forget(tp.topic, tp.partition)
	}
	// Goka waits for the records in flight. Another member may own the partitions soon,
	// so they must not arrive later either.
	defer time.AfterFunc(h.maxStop, h.abort).Stop()
	err := h.inner.Cleanup(h.session)
	h.err = errors.Join(h.err, err)
	return err
}

// ConsumeClaim registers each record of a partition as in flight and then hands it
// to Goka.
func (h *groupHandler) ConsumeClaim(_ sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	h.lag.Begin(claim.Topic(), claim.Partition(), claim.InitialOffset())
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
