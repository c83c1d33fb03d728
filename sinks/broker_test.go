package sinks_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/realkafka"
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

// The sinks run while the log is written, on the broker's own clock.
func TestAllSinksWriteEveryEventOfTheLog(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		testAllSinks(t, kafkatest.Start(t, partitions).Config)
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
		testAllSinks(t, cfg)
	})
}

func testAllSinks(t *testing.T, cluster kafka.Config) {
	bucket, db := objstoretest.New(t), postgrestest.New(t)
	events := append(sinktest.Events(21, 40), sinktest.Others(sinktest.Start)...)
	var ids, games []string
	for _, ev := range events {
		ids = append(ids, ev.ID)
		if ev.Type.Terminal() {
			games = append(games, ev.Key)
		}
	}
	slices.Sort(ids)
	slices.Sort(games)

	cfg := archive.Config{
		Kafka: cluster, Bucket: bucket, TempDir: t.TempDir(), Logger: sinktest.Logger(t),
		Limits: archive.Limits{Window: time.Second, MaxRecords: 300}, Grace: 100 * time.Millisecond,
	}
	sinks := []sink{
		must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg)),
		must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: cluster, Pool: db.Pool, Logger: cfg.Logger})),
	}
	sent := false
	runUntil(t, sinks, func() bool {
		if !sent {
			sent = true
			send(t, cluster, events)
		}
		rows, err := db.Pool.Query(t.Context(), "SELECT game_id::text FROM games ORDER BY game_id::text COLLATE \"C\"")
		if err != nil {
			t.Fatal(err)
		}
		inPostgres, err := pgx.CollectRows(rows, pgx.RowTo[string])
		return err == nil && slices.Equal(inPostgres, games) &&
			len(rawIDs(t, bucket)) >= len(ids) && len(parquetIDs(t, bucket)) >= len(ids)
	})
	if got := rawIDs(t, bucket); !slices.Equal(got, ids) {
		t.Errorf("raw has %d events, want %d", len(got), len(ids))
	}
	if got := parquetIDs(t, bucket); !slices.Equal(got, ids) {
		t.Errorf("parquet has %d events, want %d", len(got), len(ids))
	}
	var rows []string
	for _, content := range sinktest.Files(t, bucket, "games/") {
		for _, g := range must[[]parquet.GameRow](t)(pq.Read[parquet.GameRow](strings.NewReader(content), int64(len(content)))) {
			rows = append(rows, g.GameID)
		}
	}
	if slices.Sort(rows); !slices.Equal(rows, games) {
		t.Errorf("parquet has %d games, want %d", len(rows), len(games))
	}
}

// send appends events through the producer that processors use.
func send(t *testing.T, cfg kafka.Config, events []schemas.Event) {
	t.Helper()
	producer := must[*kafka.Producer](t)(kafka.NewProducer(cfg))
	defer producer.Close()
	for batch := range slices.Chunk(events, 200) {
		messages := make([]schemas.Message, len(batch))
		for i, ev := range batch {
			messages[i] = ev
		}
		if err := producer.Send(t.Context(), messages...); err != nil {
			t.Fatal(err)
		}
	}
}

func rawIDs(t *testing.T, bucket *objstoretest.Store) (ids []string) {
	t.Helper()
	decoder := must[*zstd.Decoder](t)(zstd.NewReader(nil))
	defer decoder.Close()
	for key, content := range sinktest.Files(t, bucket, "raw/") {
		if err := decoder.Reset(strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		lines := json.NewDecoder(decoder)
		for {
			var line struct{ EventID string }
			err := lines.Decode(&line)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			ids = append(ids, line.EventID)
		}
	}
	slices.Sort(ids)
	return ids
}

func parquetIDs(t *testing.T, bucket *objstoretest.Store) (ids []string) {
	t.Helper()
	for _, content := range sinktest.Files(t, bucket, "events/") {
		rows := must[[]parquet.EventRow](t)(pq.Read[parquet.EventRow](bytes.NewReader([]byte(content)), int64(len(content))))
		for _, row := range rows {
			ids = append(ids, row.EventID)
		}
	}
	slices.Sort(ids)
	return ids
}
