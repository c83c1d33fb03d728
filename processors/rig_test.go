package processors_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/schemas"
)

// patience bounds every wait; a test that waits that long has failed.
const patience = 2 * time.Minute

// rig is a cluster with a producer of commands.
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

// member is a running processor of the tally group.
type member struct {
	*processors.Processor[*tally]
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
	cfg := processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(testWriter{r.t}, nil)), Registerer: reg}
	p, err := processors.New(cfg, tallyTable(), tallyCore{})
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
	eventually(m.t, "the processor is ready", func() bool { return m.Ready() == nil })
}

// stop ends the member in good order and returns what Run returned.
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
	case <-time.After(patience):
		m.t.Fatal("the processor does not end")
		return nil
	}
}

// log reads a topic to its present end.
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

// waitLog waits until a topic holds n records, and returns all that it holds.
func (r *rig) waitLog(topic string, n int) []*kgo.Record {
	r.t.Helper()
	var records []*kgo.Record
	eventually(r.t, "records of "+topic, func() bool {
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

// committed is the tally group's committed offset, -1 if there is none.
func (r *rig) committed(partition int32) int64 {
	r.t.Helper()
	return r.committedBy(schemas.GamesGroup, schemas.GameCommands, partition)
}

func (r *rig) committedBy(group, topic string, partition int32) int64 {
	r.t.Helper()
	offsets, err := r.admin().FetchOffsets(r.t.Context(), group)
	for _, notYet := range []error{kerr.GroupIDNotFound, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator} {
		if errors.Is(err, notYet) { // a group that has not begun, on a broker that has not either
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
	eventually(r.t, "the commit", func() bool { return r.committed(partition) >= offset })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-tick.C
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}
