package processors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

// session is one run of a Goka processor with its clients and its partitions. If
// anything fails, all of it is closed, and the next session starts from the log.
type session[R tables.Row] struct {
	p        *Processor[R]
	member   *kafka.GroupMember
	goka     *goka.Processor
	producer *kafka.Producer
	client   *kgo.Client
	adm      *kadm.Client
	clock    *brokerClock
	stall    *stallDetector

	signsOfLife *signsOfLife // nil if the group needs none

	topology          topology.Snapshot
	commandPartitions int32 // as topology says
	commands          schemas.TopicIdentity
	replyPartitions   int32
	format            atomic.Int32 // in which rows and events are written; topology may raise it

	fatal atomic.Pointer[error] // the error that Run returns

	mu         sync.Mutex
	partitions map[int32]*partition[R]
}

func newSession[R tables.Row](ctx context.Context, p *Processor[R], member *kafka.GroupMember) (*session[R], error) {
	s := &session[R]{p: p, member: member, clock: newBrokerClock(), partitions: make(map[int32]*partition[R])}
	if err := s.connect(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session[R]) connect(ctx context.Context) (err error) {
	p := s.p
	if s.client, err = kgo.NewClient(p.cfg.Kafka.Opts()...); err != nil {
		return err
	}
	s.adm = kadm.NewClient(s.client)
	if s.topology, err = topology.ReadChecked(ctx, s.client, s.topics()...); err != nil {
		return err
	}
	aggregate := s.topology.Of(p.table.Commands)
	s.commandPartitions, s.commands = aggregate.Partitions, aggregate.Commands
	s.format.Store(int32(aggregate.Format))
	if s.producer, err = kafka.NewProducerFor(p.cfg.Kafka, s.topology); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	topics, err := s.adm.ListTopics(ctx, schemas.CommandReplies)
	if err != nil {
		return fmt.Errorf("look up %s: %w", schemas.CommandReplies, err)
	}
	s.replyPartitions = int32(len(topics[schemas.CommandReplies].Partitions))
	if err := p.events.Run(ctx, s.client); err != nil {
		return err
	}
	now, err := kafka.BrokerTime(ctx, p.cfg.Kafka, s.producer)
	if err != nil {
		return err
	}
	s.clock.observe(schemas.TimeOf(now))
	if p.hasPulses || p.hears != nil {
		s.signsOfLife = newSignsOfLife(p.cfg.Kafka, p.logger, p.hears)
	}
	s.goka, err = goka.NewProcessor(p.cfg.Kafka.Brokers, s.graph(), s.options()...)
	return err
}

// topics returns the topics of the session's aggregate.
func (s *session[R]) topics() []string {
	return []string{s.p.table.Commands, s.p.table.Topic, s.p.table.Events}
}

func (s *session[R]) run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	// When it stops, Goka waits up to 60 s for unacknowledged messages. After maxStop
	// the session gives them up: their commands are not committed and are replayed.
	stopped := make(chan struct{})
	defer close(stopped)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-stopped:
		case <-time.After(maxStop):
			s.producer.Abort()
		}
	})()

	s.stall = newStallDetector(s.p.cfg.Kafka.Session(), func() {
		s.producer.Abort()
		end(errStalled)
	})
	var background sync.WaitGroup
	background.Go(func() { s.stall.run(ctx) })
	background.Go(func() { s.watchCommits(ctx) })
	background.Go(func() { s.watchTableEnds(ctx) })
	if s.signsOfLife != nil {
		background.Go(func() { s.signsOfLife.run(ctx) })
	}
	background.Go(func() {
		if err := s.topology.Watch(ctx, s.client, s.raiseFormat, s.topics()...); err != nil {
			s.producer.Abort() // what is not acknowledged yet may be for another topic
			end(err)
		}
	})
	defer background.Wait()
	defer end(nil)
	if err := s.goka.Run(ctx); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// raiseFormat is called when topology has raised the format. Rows and events from
// now on are written in it.
func (s *session[R]) raiseFormat(now topology.Snapshot) {
	format := now.Of(s.p.table.Commands).Format
	s.format.Store(int32(format))
	s.p.logger.Info("rows and events are written in a later format from now on", "format", format)
}

func (s *session[R]) close() {
	if s.producer != nil {
		s.producer.Close()
	}
	if s.client != nil {
		s.client.Close()
	}
}

// openPartition is Goka's callback at the start of an assignment.
func (s *session[R]) openPartition(_ string, number int32) (storage.Storage, error) {
	part := newPartition(s, number)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partitions[number] = part
	return part.store, nil
}

func (s *session[R]) partition(number int32) *partition[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.partitions[number]
}

func (s *session[R]) removePartition(p *partition[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partitions[p.number] == p {
		delete(s.partitions, p.number)
	}
}

// applyRecord is Goka's callback for each record of the table topic.
func (s *session[R]) applyRecord(ctx goka.UpdateContext, _ storage.Storage, key string, value []byte) error {
	return s.partition(ctx.Partition()).applyRecord(key, value, ctx)
}

// readReplies calls fn for the latest replies to the commands of a partition.
// Replies are keyed by aggregate like commands, so they are on the partition with
// the same number if both topics have as many.
func (s *session[R]) readReplies(ctx context.Context, number int32, fn func(*kgo.Record) error) error {
	from := s.clock.now().Std().Add(-maxRefusalAge)
	if s.replyPartitions == s.commandPartitions {
		return kafka.ReadPartition(ctx, s.client, schemas.CommandReplies, number, from, fn)
	}
	return kafka.ReadSince(ctx, s.p.cfg.Kafka, schemas.CommandReplies, from, func(r *kgo.Record) error {
		if kafka.PartitionOf(string(r.Key), s.commandPartitions) != number {
			return nil
		}
		return fn(r)
	})
}
