package processors_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/schemas"
)

// timeout bounds every wait. A test that waits that long has failed.
const timeout = 2 * time.Minute

// rig is a Kafka cluster with a producer of commands.
type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
}

func newRig(t *testing.T, partitions int32) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, partitions), t: t}
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	return r
}

func (r *rig) send(cmds ...schemas.Command) {
	r.t.Helper()
	msgs := make([]schemas.Message, len(cmds))
	for i, c := range cmds {
		msgs[i] = c
	}
	if err := r.producer.Send(r.t.Context(), msgs...); err != nil {
		r.t.Fatal(err)
	}
}

// member is a running processor of counters.
type member struct {
	*processors.Processor[*counter]
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
}

func (r *rig) start() *member {
	r.t.Helper()
	m := r.startUnready()
	m.waitReady()
	return m
}

func (r *rig) startUnready() *member { return r.startWith(nil) }

func (r *rig) startWith(reg prometheus.Registerer) *member {
	r.t.Helper()
	return r.startConfig(processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(testWriter{r.t}, nil)), Registerer: reg})
}

// startCounted starts a member and counts how often it takes partitions.
func (r *rig) startCounted() (*member, *atomic.Int32) {
	r.t.Helper()
	taken := &atomic.Int32{}
	logger := slog.New(assignments{slog.NewTextHandler(testWriter{r.t}, nil), taken})
	m := r.startConfig(processors.Config{Kafka: r.Config, Logger: logger})
	m.waitReady()
	return m, taken
}

func (r *rig) startConfig(cfg processors.Config) *member {
	r.t.Helper()
	p, err := processors.New(cfg, counterTable(), counterCore{})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{Processor: p, t: r.t, cancel: cancel, ended: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.ended <- p.Run(ctx)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
	})
	return m
}

func (m *member) waitReady() {
	m.t.Helper()
	eventually.True(m.t, "the processor to be ready", func() bool { return m.Ready() == nil })
}

// stop shuts the member down and returns the error of Run.
func (m *member) stop() error {
	m.t.Helper()
	m.cancel()
	return m.wait()
}

func (m *member) wait() error {
	m.t.Helper()
	select {
	case err := <-m.ended:
		return err
	case <-time.After(timeout):
		m.t.Fatal("the processor does not stop")
		return nil
	}
}

// log returns the records of a topic up to its current end.
func (r *rig) log(topic string) []*kgo.Record {
	r.t.Helper()
	var records []*kgo.Record
	if err := kafka.ReadAll(r.t.Context(), r.Config, topic, func(rec *kgo.Record) error {
		records = append(records, rec)
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return records
}

// waitLog waits until a topic holds n records and returns all its records.
func (r *rig) waitLog(topic string, n int) []*kgo.Record {
	r.t.Helper()
	var records []*kgo.Record
	eventually.True(r.t, "the records of "+topic, func() bool {
		records = r.log(topic)
		return len(records) >= n
	})
	return records
}

func (r *rig) admin() *kadm.Client {
	r.t.Helper()
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// committed returns the committed offset of the counters' group, or -1 if there is
// none.
func (r *rig) committed(partition int32) int64 {
	r.t.Helper()
	return r.committedBy(schemas.GamesGroup, schemas.GameCommands, partition)
}

func (r *rig) committedBy(group, topic string, partition int32) int64 {
	r.t.Helper()
	offsets, err := r.admin().FetchOffsets(r.t.Context(), group)
	for _, notYet := range []error{kerr.GroupIDNotFound, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator} {
		if errors.Is(err, notYet) { // the group or its coordinator has not started yet
			return -1
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if o, ok := offsets.Lookup(topic, partition); ok {
		return o.At
	}
	return -1
}

func (r *rig) waitCommitted(partition int32, offset int64) {
	r.t.Helper()
	eventually.True(r.t, "the commit", func() bool { return r.committed(partition) >= offset })
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}

func (r *rig) delete(topic string) {
	r.t.Helper()
	deleted, err := r.admin().DeleteTopics(r.t.Context(), topic)
	if err := errors.Join(err, deleted.Error()); err != nil {
		r.t.Fatal(err)
	}
}

// recreate deletes a topic and creates it again.
func (r *rig) recreate(topic string, partitions int32) {
	r.t.Helper()
	r.delete(topic)
	r.create(topic, partitions)
}

func (r *rig) create(topic string, partitions int32) {
	r.t.Helper()
	adm := r.admin()
	stamped, forever := "LogAppendTime", "-1"
	eventually.True(r.t, "the topic to be created again", func() bool {
		_, err := adm.CreateTopic(r.t.Context(), partitions, 1, map[string]*string{"message.timestamp.type": &stamped, "retention.ms": &forever}, topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			r.t.Fatal(err)
		}
		return err == nil
	})
}
