package sinktest

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// Log is a Kafka in the test's process. The test sets its clock.
type Log struct {
	Config kafka.Config
	Fake   *kfake.Cluster
	client *kgo.Client
	now    atomic.Int64
}

// NewLog starts a log with all topics. Its clock is at Start and does not run.
func NewLog(t testing.TB, partitions int32) *Log {
	t.Helper()
	l, err := OpenLog(partitions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// OpenLog is NewLog for use outside a test.
func OpenLog(partitions int32) (*Log, error) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("start kfake: %w", err)
	}
	l := &Log{Fake: fake, Config: kafka.Config{Brokers: fake.ListenAddrs(), SessionTimeout: 6 * time.Second}}
	l.now.Store(int64(Start))
	brokertime.InstallClock(fake, func() time.Time { return time.UnixMilli(l.now.Load()) })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := kafka.EnsureTopics(ctx, l.Config, kafka.TopicOptions{Partitions: partitions, Replication: 1, MinISR: 1}); err != nil {
		return nil, err
	}
	if err := topology.Ensure(ctx, l.Config); err != nil {
		return nil, err
	}
	l.client, err = kgo.NewClient(append(l.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))...)
	return l, err
}

// Close stops the log.
func (l *Log) Close() {
	l.client.Close()
	l.Fake.Close()
}

// Set sets the broker's clock.
func (l *Log) Set(at schemas.Time) { l.now.Store(int64(at)) }

// Pass advances the broker's clock.
func (l *Log) Pass(d time.Duration) { l.now.Add(d.Milliseconds()) }

// Now returns the time of the broker's clock.
func (l *Log) Now() schemas.Time { return schemas.Time(l.now.Load()) }

// Append writes records, each to its Partition, at the broker's present time, and
// waits until they are written.
func (l *Log) Append(t testing.TB, records ...*kgo.Record) {
	t.Helper()
	if err := l.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

// Write is Append for use outside a test.
func (l *Log) Write(ctx context.Context, records []*kgo.Record) error {
	for _, r := range records {
		r.Timestamp = time.UnixMilli(1)
	}
	if err := l.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	return nil
}

// Record returns an event's record as its processor would write it.
func Record(ev schemas.Event, partitions int32) *kgo.Record {
	rec := kafka.Record(ev.Record())
	rec.Partition = kafka.PartitionOf(ev.Key, partitions)
	if ev.Type.CarriesRow() {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: schemas.HeaderRow, Value: Row(ev)})
	}
	return rec
}

// Row stands in for the table row that the record of an event carries: a frame with
// the seq as its version, and a body that cannot be decoded.
func Row(ev schemas.Event) []byte {
	return fmt.Appendf(binary.BigEndian.AppendUint64([]byte{1}, uint64(ev.Seq)), "%s at %d", ev.Key, ev.Seq)
}

// Records returns the Record of each event.
func Records(events []schemas.Event, partitions int32) []*kgo.Record {
	records := make([]*kgo.Record, len(events))
	for i, ev := range events {
		records[i] = Record(ev, partitions)
	}
	return records
}

// Logger returns a logger that writes to the test's output.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// Ends returns the end offsets of the events topics' partitions that have records.
func (l *Log) Ends(ctx context.Context) (map[TopicPartition]int64, error) {
	listed, err := kadm.NewClient(l.client).ListEndOffsets(ctx, schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents)
	if err != nil {
		return nil, fmt.Errorf("list ends: %w", err)
	}
	ends := make(map[TopicPartition]int64)
	listed.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			ends[TopicPartition{o.Topic, o.Partition}] = o.Offset
		}
	})
	return ends, nil
}
