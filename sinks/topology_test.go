package sinks_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/topology"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

func recreate(t *testing.T, log *sinktest.Log, topic string, partitions int32) {
	t.Helper()
	client, err := kgo.NewClient(log.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	deleted, err := adm.DeleteTopics(t.Context(), topic)
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the topic to be created again", func() bool {
		_, err := adm.CreateTopic(t.Context(), partitions, 1, nil, topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// appendAnew appends records with a new client: the log's keeps asking for the id of
// a topic that was created again.
func appendAnew(t *testing.T, log *sinktest.Log, records ...*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append(log.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, r := range records {
		r.Timestamp = time.UnixMilli(1)
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// An events topic that is created again and has grown beyond a sink's progress looks
// like the old one by its offsets.
func TestSinksStopWhenGameEventsIsCreatedAgain(t *testing.T) {
	t.Parallel()
	log, bucket, db := sinktest.NewLog(t, 1), objstoretest.New(t), postgrestest.New(t)
	log.Append(t, sinktest.Records(sinktest.Events(1, 5), 1)...)
	log.Pass(time.Hour)
	runAll(t, log, bucket, db)
	cfg := archiveConfig(t, log, bucket)
	for name, s := range map[string]interface {
		sink
		Ready() error
	}{
		"raw": must[*archive.Sink](t)(raw.New(cfg)), "parquet": must[*archive.Sink](t)(parquet.New(cfg)),
		"postgres": must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: log.Config, Pool: db.Pool, Logger: cfg.Logger})),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			go func() { ended <- s.Run(t.Context()) }()
			eventually.True(t, "the sink to be ready", func() bool { return s.Ready() == nil })
			recreate(t, log, schemas.GameEvents, 1)
			appendAnew(t, log, sinktest.Records(sinktest.Events(2, 10), 1)...)
			for range 2 { // also when it is started again
				err := <-ended
				if !errors.Is(err, topology.ErrMismatch) || !strings.Contains(err.Error(), "game-events") || !strings.Contains(err.Error(), "tabiya topics adopt") {
					t.Fatalf("Run returned %v", err)
				}
				if s.Ready() == nil {
					t.Error("the stopped sink is ready")
				}
				go func() { ended <- s.Run(t.Context()) }()
			}
			restore(t, log)
		})
	}
}

// restore lets the next sink begin with the topics that there are.
func restore(t *testing.T, log *sinktest.Log) {
	t.Helper()
	client, err := kgo.NewClient(log.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	tombstone := &kgo.Record{Topic: schemas.TopologyTopic, Key: []byte("game")}
	if err := client.ProduceSync(t.Context(), tombstone).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := topology.Ensure(t.Context(), log.Config); err != nil {
		t.Fatal(err)
	}
}
