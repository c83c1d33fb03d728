package sinks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
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

func recreate(t *testing.T, cfg kafka.Config, topic string, partitions int32) {
	t.Helper()
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	deleted, err := adm.DeleteTopics(t.Context(), topic)
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	stamped, forever := "LogAppendTime", "-1"
	eventually.True(t, "the topic to be created again", func() bool {
		_, err := adm.CreateTopic(t.Context(), partitions, 1, map[string]*string{"message.timestamp.type": &stamped, "retention.ms": &forever}, topic)
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
			recreate(t, log.Config, schemas.GameEvents, 1)
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

// idsOf returns the sorted ids of events, and those of the games that they end.
func idsOf(events []schemas.Event) (ids, games []string) {
	for _, ev := range events {
		ids = append(ids, ev.ID)
		if ev.Type.Terminal() {
			games = append(games, ev.Key)
		}
	}
	slices.Sort(ids)
	slices.Sort(games)
	return ids, games
}

// game-events is lost after the sinks have written it, and created again. The new
// topic becomes longer than the old one was. Once it is adopted, all sinks write every
// event of both: as new ones, or behind a copy of those that they have.
func TestSinksGoOnWithAnAdoptedTopic(t *testing.T) {
	t.Parallel()
	for name, records := range map[string]topology.Records{"new": topology.New, "copy": topology.Copy} {
		t.Run(name, func(t *testing.T) {
			cluster, bucket, db := kafkatest.Start(t, 1).Config, objstoretest.New(t), postgrestest.New(t)
			cfg := archive.Config{
				Kafka: cluster, Bucket: bucket, TempDir: t.TempDir(), Logger: sinktest.Logger(t),
				Limits: archive.Limits{Window: time.Second, MaxRecords: 300}, Grace: 100 * time.Millisecond,
			}
			sinks := []sink{
				must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg)),
				must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: cluster, Pool: db.Pool, Logger: cfg.Logger})),
			}
			runUntilWritten := func(events []schemas.Event) {
				ids, games := idsOf(events)
				runUntil(t, sinks, func() bool {
					var n int
					err := db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM games").Scan(&n)
					return err == nil && n == len(games) && len(rawIDs(t, bucket)) >= len(ids) && len(parquetIDs(t, bucket)) >= len(ids)
				})
				if got := rawIDs(t, bucket); !slices.Equal(got, ids) {
					t.Errorf("raw has %d events, want %d", len(got), len(ids))
				}
				if got := parquetIDs(t, bucket); !slices.Equal(got, ids) {
					t.Errorf("parquet has %d events, want %d", len(got), len(ids))
				}
			}
			before := sinktest.Events(31, 5)
			after := sinktest.Events(32, 10)
			send(t, cluster, before)
			runUntilWritten(before)
			recreate(t, cluster, schemas.GameEvents, 1)
			if records == topology.Copy {
				send(t, cluster, before)
			} else {
				send(t, cluster, after)
			}
			adopted, err := topology.Adopt(t.Context(), cluster, schemas.GameEvents, records)
			if err != nil || adopted.Generation != 2 || adopted.Commands.Since != 1 || adopted.Events.Since != 2 {
				t.Fatalf("adopted %+v: %v", adopted, err)
			}
			if records == topology.Copy {
				runUntilWritten(before)
				send(t, cluster, after)
			}
			runUntilWritten(slices.Concat(before, after))
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
