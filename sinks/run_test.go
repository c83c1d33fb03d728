package sinks_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

type sink interface {
	Run(ctx context.Context) error
}

func archiveConfig(t *testing.T, log *sinktest.Log, bucket *objstoretest.Store) archive.Config {
	return archive.Config{
		Kafka: log.Config, Bucket: bucket, Grace: time.Millisecond, TempDir: t.TempDir(), Logger: sinktest.Logger(t),
		Limits: archive.Limits{MaxRecords: 1000},
	}
}

func must[S any](t *testing.T) func(s S, err error) S {
	return func(s S, err error) S {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// runUntil runs sinks until done returns true. It restarts a sink that ends, as a
// supervisor does.
func runUntil(t *testing.T, sinks []sink, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, s := range sinks {
		running.Go(func() {
			for ctx.Err() == nil {
				if err := s.Run(ctx); err != nil && ctx.Err() == nil {
					t.Log("restarting the sink:", err)
				}
			}
		})
	}
	defer func() {
		cancel()
		running.Wait()
	}()
	eventually.True(t, "the sinks are done", done)
}

// archived reports whether a sink has archived the whole log.
func archived(t *testing.T, log *sinktest.Log, bucket *objstoretest.Store, name string) bool {
	t.Helper()
	for at, end := range must[map[sinktest.TopicPartition]int64](t)(log.Ends(t.Context())) {
		if sinktest.Progress(t, bucket, archive.ProgressKey(name, at.Topic, at.Partition)) < end {
			return false
		}
	}
	return true
}

// runAll runs all sinks until each has written the whole log.
func runAll(t *testing.T, log *sinktest.Log, bucket *objstoretest.Store, db *postgrestest.Database) {
	t.Helper()
	cfg := archiveConfig(t, log, bucket)
	sinks := []sink{
		must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg)),
		must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: log.Config, Pool: db.Pool, Logger: cfg.Logger})),
	}
	ends := must[map[sinktest.TopicPartition]int64](t)(log.Ends(t.Context()))
	runUntil(t, sinks, func() bool {
		for at, end := range ends {
			if at.Topic == schemas.GameEvents && db.Pool.QueryRow(t.Context(),
				"SELECT 1 FROM sink_offsets WHERE partition = $1 AND next_offset = $2", at.Partition, end).Scan(new(int)) != nil {
				return false
			}
		}
		return archived(t, log, bucket, raw.Name) && archived(t, log, bucket, parquet.Name)
	})
}
