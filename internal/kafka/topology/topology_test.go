package topology_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

type rig struct {
	*kafkatest.Cluster
	t      *testing.T
	client *kgo.Client
	adm    *kadm.Client
}

func newRig(t *testing.T, partitions int32) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, partitions), t: t}
	var err error
	if r.client, err = kgo.NewClient(r.Config.Opts()...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	r.adm = kadm.NewClient(r.client)
	return r
}

func (r *rig) write(key string, value []byte) {
	r.t.Helper()
	rec := &kgo.Record{Topic: schemas.TopologyTopic, Key: []byte(key), Value: value, Timestamp: time.UnixMilli(1)}
	if err := r.client.ProduceSync(r.t.Context(), rec).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read() topology.Snapshot {
	r.t.Helper()
	s, err := topology.Read(r.t.Context(), r.client)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) recreate(topic string, partitions int32) {
	r.t.Helper()
	deleted, err := r.adm.DeleteTopics(r.t.Context(), topic)
	if err := errors.Join(err, deleted.Error()); err != nil {
		r.t.Fatal(err)
	}
	eventually.True(r.t, "the topic to be created again", func() bool {
		_, err := r.adm.CreateTopic(r.t.Context(), partitions, 1, nil, topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			r.t.Fatal(err)
		}
		return err == nil
	})
}

func TestEnsureWritesTheFirstGenerationOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3) // which has called Ensure
	first := r.read()
	for _, a := range schemas.Aggregates() {
		got := first.Of(a.Events)
		if got.Aggregate != a.Name || got.Generation != 1 || got.Partitions != 3 || got.Events.Since != 1 {
			t.Errorf("%s: %+v", a.Name, got)
		}
		if err := first.Check(t.Context(), r.client, a.Commands, a.Table, a.Events); err != nil {
			t.Error(err)
		}
	}
	r.recreate(schemas.GameEvents, 3) // which is not the one in topology
	if err := topology.Ensure(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	if again := r.read(); !reflect.DeepEqual(again, first) {
		t.Errorf("a second Ensure changed %+v to %+v", first, again)
	}
}

// Processes that start together on a new cluster all call Ensure.
func TestEnsureAtOnceWritesEqualRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	first := r.read()
	for _, a := range schemas.Aggregates() {
		r.write(a.Name, nil)
	}
	if _, err := topology.Read(t.Context(), r.client); !errors.Is(err, topology.ErrMismatch) || !strings.Contains(err.Error(), "tabiya topics create") {
		t.Fatalf("without records Read returned %v", err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if err := topology.Ensure(t.Context(), r.Config); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	values := map[string]string{}
	if err := kafka.ReadAll(t.Context(), r.Config, schemas.TopologyTopic, func(rec *kgo.Record) error {
		if rec.Value == nil {
			return nil
		}
		if before, ok := values[string(rec.Key)]; ok && before != string(rec.Value) {
			t.Errorf("%s is %s and %s", rec.Key, before, rec.Value)
		}
		values[string(rec.Key)] = string(rec.Value)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, a := range schemas.Aggregates() {
		if got, want := r.read().Of(a.Table), first.Of(a.Table); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestReadSkipsMalformedAndEarlierRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	want := r.read().Of(schemas.GameEvents)
	earlier := want
	want.Generation = 2
	r.write("game", want.Encode())
	r.write("game", []byte("no topology"))
	r.write("player", want.Encode()) // of another aggregate
	r.write("game", earlier.Encode())
	if got := r.read().Of(schemas.GameEvents); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := r.read().Of(schemas.PlayerEvents); got.Aggregate != "player" {
		t.Errorf("got %+v", got)
	}
}

func TestWatchEndsWhenTopologyChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	s := r.read()
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(t.Context(), r.client, func(topology.Snapshot) {}, schemas.GameEvents) }()
	next := s.Of(schemas.GameEvents)
	next.Generation++
	r.write("game", next.Encode())
	if err := <-ended; !errors.Is(err, topology.ErrChanged) {
		t.Errorf("Watch returned %v", err)
	}
}

func TestCheckRefusesDataOfALaterFormat(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	later := r.read().Of(schemas.GameEvents)
	later.Generation, later.Format = 2, schemas.LatestFormat+1
	r.write("game", later.Encode())
	if err := r.read().Check(t.Context(), r.client, schemas.GameEvents); !errors.Is(err, topology.ErrMismatch) || !errors.Is(err, schemas.ErrLaterFormat) || !strings.Contains(err.Error(), "run a later release") {
		t.Errorf("Check returned %v", err)
	}
}

// runMonitor runs a monitor as a supervisor does, and returns the errors of its Run.
func (r *rig) runMonitor(topics ...string) (*topology.Monitor, *kafka.Producer, <-chan error) {
	r.t.Helper()
	m := topology.NewMonitor(r.Config, topics...)
	producer, err := kafka.NewProducerFor(r.Config, m)
	if err != nil {
		r.t.Fatal(err)
	}
	errs := make(chan error, 100)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := m.Run(ctx); err != nil {
				errs <- err
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
	})
	r.t.Cleanup(func() {
		cancel()
		running.Wait()
		producer.Close()
	})
	return m, producer, errs
}

func TestMonitorRefusesCommandsWhileATopicIsAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	m, producer, errs := r.runMonitor(schemas.GameCommands, schemas.GameEvents)
	eventually.True(t, "the monitor to be ready", func() bool { return m.Ready() == nil })
	record := func(topic string) *kgo.Record {
		return &kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte("{}")}
	}
	if err := producer.SendRecords(t.Context(), record(schemas.GameCommands)); err != nil {
		t.Fatal(err)
	}

	r.recreate(schemas.GameCommands, 2)
	if err := <-errs; !errors.Is(err, topology.ErrMismatch) || !strings.Contains(err.Error(), "topic game-commands was created again") {
		t.Fatalf("Run returned %v", err)
	}
	if err := m.Ready(); !errors.Is(err, topology.ErrMismatch) {
		t.Errorf("Ready is %v", err)
	}
	if err := producer.SendRecords(t.Context(), record(schemas.GameCommands)); !errors.Is(err, kafka.ErrUnavailable) || !strings.Contains(err.Error(), "was created again") {
		t.Errorf("sending a command returned %v", err)
	}
	if err := producer.SendRecords(t.Context(), record(schemas.CommandReplies)); err != nil {
		t.Errorf("sending to a topic of no aggregate returned %v", err)
	}

	// Somebody says that the new topic is the right one.
	s := r.read()
	next := s.Of(schemas.GameCommands)
	details, err := r.adm.ListTopics(t.Context(), schemas.GameCommands)
	if err != nil {
		t.Fatal(err)
	}
	next.Generation, next.Commands = 2, schemas.TopicIdentity{ID: uuid.UUID(details[schemas.GameCommands].ID).String(), Since: 2}
	r.write("game", next.Encode())
	eventually.True(t, "the monitor to be ready again", func() bool { return m.Ready() == nil })
	eventually.True(t, "a command to be sent to the new topic", func() bool {
		return producer.SendRecords(t.Context(), record(schemas.GameCommands)) == nil
	})
}

func TestMonitorKeepsItsCountsDuringAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	m, _, errs := r.runMonitor(schemas.GameCommands)
	eventually.True(t, "the monitor to be ready", func() bool { return m.Ready() == nil })
	r.Down()
	r.WaitRefused(t, 3) // it looks
	if n, err := m.Partitions(schemas.GameCommands); n != 2 || err != nil {
		t.Errorf("%d partitions, %v", n, err)
	}
	r.Up()
	// The first error is of what happens next.
	r.recreate(schemas.GameCommands, 2)
	if err := <-errs; !errors.Is(err, topology.ErrMismatch) || !strings.Contains(err.Error(), "topic game-commands was created again") {
		t.Errorf("Run returned %v", err)
	}
}

func TestProducerSendsNothingBeforeTopologyIsRead(t *testing.T) {
	t.Parallel()
	m := topology.NewMonitor(kafka.Config{Brokers: []string{"127.0.0.1:1"}}, schemas.GameCommands)
	producer, err := kafka.NewProducerFor(kafka.Config{Brokers: []string{"127.0.0.1:1"}}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	err = producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GameCommands, Key: []byte("k")})
	if !errors.Is(err, kafka.ErrUnavailable) || m.Ready() == nil {
		t.Errorf("got %v", err)
	}
}
