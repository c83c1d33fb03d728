package sinks_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/kafka/topology"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/internal/supervise"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

func TestEverySinkRefusesAnEventsTopicThatDeletesEventsUntilItIsMended(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		testSinksRefuse(t, kafkatest.Start(t, partitions).Config)
	})
	t.Run("Apache Kafka", func(t *testing.T) {
		t.Parallel()
		cfg := kafka.Config{Brokers: realkafka.Shared(t)}
		if err := kafka.EnsureTopics(t.Context(), cfg, kafka.TopicOptions{Partitions: partitions, Replication: 1, MinISR: 1}); err != nil {
			t.Fatal(err)
		}
		if err := topology.Ensure(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		testSinksRefuse(t, cfg)
	})
}

func testSinksRefuse(t *testing.T, cluster kafka.Config) {
	kafkatest.SetTopicConfig(t, cluster, schemas.GameEvents, "cleanup.policy", "compact")
	events := sinktest.Events(1, 1)
	send(t, cluster, events)
	bucket, db := objstoretest.New(t), postgrestest.New(t)
	cfg := archive.Config{
		Kafka: cluster, Bucket: bucket, TempDir: t.TempDir(), Logger: sinktest.Logger(t),
		Limits: archive.Limits{Window: time.Second, MaxRecords: 300}, Grace: 100 * time.Millisecond,
	}
	rawSink, parquetSink := must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg))
	postgresSink := must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: cluster, Pool: db.Pool, Logger: cfg.Logger}))
	var log lines
	supervisor := supervise.New(slog.New(slog.NewTextHandler(&log, nil)), supervise.Backoff{Min: 50 * time.Millisecond, Max: time.Second},
		supervise.Part{Name: "raw", Run: rawSink.Run, Ready: rawSink.Ready},
		supervise.Part{Name: "parquet", Run: parquetSink.Run, Ready: parquetSink.Ready},
		supervise.Part{Name: "postgres", Run: postgresSink.Run, Ready: postgresSink.Ready})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { supervisor.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	supervisor.Ready(func(name string, ready func() error) {
		var reason error
		eventually.True(t, name+" refuses", func() bool {
			reason = ready()
			return errors.Is(reason, kafka.ErrEventsDeleted)
		})
		for _, want := range []string{"game-events has cleanup.policy=compact", "tabiya topics create --fix"} {
			if !strings.Contains(reason.Error(), want) {
				t.Errorf("%s is not ready: %q does not name %q", name, reason, want)
			}
		}
	})
	if err := kafka.EnsureTopics(t.Context(), cluster, kafka.TopicOptions{Partitions: partitions, Replication: 1, MinISR: 1, Fix: true}); err != nil {
		t.Fatal(err)
	}
	supervisor.Ready(func(name string, ready func() error) {
		eventually.True(t, name+" is ready without a restart of the process", func() bool { return ready() == nil })
	})
	if n := log.count("cleanup.policy=compact"); n != 3 {
		t.Errorf("the log says it %d times, want once for each sink", n)
	}
	eventually.True(t, "all events are archived", func() bool { return len(rawIDs(t, bucket)) >= len(events) })
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}
