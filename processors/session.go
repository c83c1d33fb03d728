package processors

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// session is one life of a Goka processor with all that it holds: when anything
// fails, all of it goes, and the next one starts from what the log holds.
type session[R tables.Row] struct {
	p        *Processor[R]
	goka     *goka.Processor
	producer *kafka.Producer
	client   *kgo.Client
	adm      *kadm.Client
	clock    *brokerClock
	pulse    *pulse
	count    int32 // partitions of the commands topic
	answers  int32 // partitions of the replies topic

	fatal atomic.Pointer[error]

	mu         sync.Mutex
	partitions map[int32]*partition[R]
}

func newSession[R tables.Row](ctx context.Context, p *Processor[R]) (*session[R], error) {
	s := &session[R]{p: p, clock: newBrokerClock(), partitions: make(map[int32]*partition[R])}
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
	if s.producer, err = kafka.NewProducer(p.cfg.Kafka); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	details, err := s.adm.ListTopics(ctx, p.table.Commands, schemas.CommandReplies)
	if err != nil {
		return fmt.Errorf("look up %s: %w", p.table.Commands, err)
	}
	if s.count = int32(len(details[p.table.Commands].Partitions)); s.count == 0 {
		return fmt.Errorf("topic %s does not exist", p.table.Commands)
	}
	s.answers = int32(len(details[schemas.CommandReplies].Partitions))
	now, err := kafka.BrokerTime(ctx, p.cfg.Kafka, s.producer)
	if err != nil {
		return err
	}
	s.clock.observe(schemas.TimeOf(now))
	s.goka, err = goka.NewProcessor(p.cfg.Kafka.Brokers, s.graph(), s.options()...)
	return err
}

func (s *session[R]) options() []goka.ProcessorOption {
	cfg := s.p.cfg.Kafka
	return []goka.ProcessorOption{
		goka.WithLogger(gokaLog{s.p.logger}),
		goka.WithHasher(kafka.Hasher()),
		goka.WithProducerBuilder(kafka.GokaProducer(s.producer)),
		goka.WithTopicManagerBuilder(kafka.GokaTopics(cfg)),
		goka.WithConsumerGroupBuilder(kafka.GokaGroup(cfg, s.p.lag, s.p.cfg.MaxInFlight)),
		goka.WithConsumerSaramaBuilder(kafka.GokaConsumer(cfg)),
		goka.WithStorageBuilder(s.open),
		goka.WithUpdateCallback(s.recover),
		goka.WithNilHandling(goka.NilProcess), // a command without a value goes to the dead letters
		goka.WithPartitionChannelSize(128),
	}
}

func (s *session[R]) run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	// Goka waits up to 60 s for open emits when it stops. With the broker away
	// they are given up: the commands are not committed and come again.
	stopped := make(chan struct{})
	defer close(stopped)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-stopped:
		case <-time.After(stopWithin):
			s.producer.Abort()
		}
	})()

	s.pulse = newPulse(s.p.cfg.Kafka.Session(), func() {
		s.producer.Abort()
		end(errPaused)
	})
	var watching sync.WaitGroup
	watching.Go(func() { s.pulse.run(ctx) })
	watching.Go(func() { s.watchCommits(ctx) })
	defer watching.Wait()
	defer end(nil)
	if err := s.goka.Run(ctx); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (s *session[R]) close() {
	if s.producer != nil {
		s.producer.Close()
	}
	if s.client != nil {
		s.client.Close()
	}
}

// replies reads what was replied lately to a partition's commands. Replies have
// the key of the aggregate, so where their topic has as many partitions, they are
// on the same one.
func (s *session[R]) replies(ctx context.Context, number int32, fn func(*kgo.Record) error) error {
	from := s.clock.now().Std().Add(-refusalsFor)
	if s.answers == s.count {
		return kafka.ReadPartition(ctx, s.client, schemas.CommandReplies, number, from, fn)
	}
	return kafka.ReadSince(ctx, s.p.cfg.Kafka, schemas.CommandReplies, from, func(r *kgo.Record) error {
		if kafka.PartitionOf(string(r.Key), s.count) != number {
			return nil
		}
		return fn(r)
	})
}

// open makes a partition's table when Goka is assigned it.
func (s *session[R]) open(_ string, number int32) (storage.Storage, error) {
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

// forget drops a partition that was given up.
func (s *session[R]) forget(p *partition[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partitions[p.number] == p {
		delete(s.partitions, p.number)
	}
}

// recover is called for each record of the table topic while it is read.
func (s *session[R]) recover(ctx goka.UpdateContext, _ storage.Storage, key string, value []byte) error {
	return s.partition(ctx.Partition()).recover(key, value, ctx)
}

// gokaLog puts Goka's lines into the log at debug level: what matters of them
// comes back as an error.
type gokaLog struct{ *slog.Logger }

func (l gokaLog) Print(v ...any)            { l.Debug(fmt.Sprint(v...)) }
func (l gokaLog) Println(v ...any)          { l.Debug(fmt.Sprint(v...)) }
func (l gokaLog) Printf(f string, v ...any) { l.Debug(fmt.Sprintf(f, v...)) }
