package sinks_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// An event of a later release stops its partition in front of it, with one line. The
// other partition is written to its end.
func TestEventOfALaterFormatStopsItsPartitionInEverySink(t *testing.T) {
	t.Parallel()
	const partitions, stopped = 2, 0
	log, bucket, db := sinktest.NewLog(t, partitions), objstoretest.New(t), postgrestest.New(t)
	records := sinktest.Records(sinktest.Events(1, 12), partitions)
	var all [partitions][]*kgo.Record
	for _, r := range records {
		all[r.Partition] = append(all[r.Partition], r)
	}
	later := len(all[stopped]) / 2
	all[stopped][later].Headers = append(all[stopped][later].Headers,
		kgo.RecordHeader{Key: schemas.HeaderFormat, Value: schemas.FormatHeader(schemas.LatestFormat + 1)})
	for _, r := range all[1-stopped] { // the latest format that this release reads, named or not
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: schemas.HeaderFormat, Value: fmt.Append(nil, schemas.LatestFormat)})
	}
	log.Append(t, records...)
	log.Pass(time.Hour)

	logged := &lockedBuffer{}
	cfg := archiveConfig(t, log, bucket)
	cfg.Logger = slog.New(slog.NewTextHandler(logged, nil))
	rawSink, parquetSink := must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg))
	postgresSink := must[*postgres.Sink](t)(postgres.New(postgres.Config{Kafka: log.Config, Pool: db.Pool, Logger: cfg.Logger}))
	stored := func(partition int) (next int64) {
		if db.Pool.QueryRow(t.Context(), "SELECT next_offset FROM sink_offsets WHERE partition = $1", partition).Scan(&next) != nil {
			return -1
		}
		return next
	}
	at := func(name string, partition int32) int64 {
		return sinktest.Progress(t, bucket, archive.ProgressKey(name, schemas.GameEvents, partition))
	}
	end := int64(len(all[1-stopped]))
	runUntil(t, []sink{rawSink, parquetSink, postgresSink}, func() bool {
		for _, s := range []interface{ Ready() error }{rawSink, parquetSink, postgresSink} {
			if err := s.Ready(); err == nil || !strings.Contains(err.Error(), "a later release wrote it") {
				return false
			}
		}
		return stored(1-stopped) == end && at(raw.Name, 1-stopped) == end && at(parquet.Name, 1-stopped) == end && stored(stopped) == int64(later)
	})
	for _, name := range []string{raw.Name, parquet.Name} {
		if next := at(name, stopped); next > int64(later) {
			t.Errorf("%s has written the stopped partition up to %d, want %d at most", name, next, later)
		}
		if n := countLines(logged.String(), "partition given up", "sink="+name); n != 1 {
			t.Errorf("%s has %d lines:\n%s", name, n, logged)
		}
	}
	if n := countLines(logged.String(), "partition given up", "sink="+postgres.Name); n != 1 {
		t.Errorf("postgres has %d lines:\n%s", n, logged)
	}
}

func countLines(text string, parts ...string) (n int) {
	for line := range strings.Lines(text) {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			n++
		}
	}
	return n
}
