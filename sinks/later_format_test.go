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

	"tabiya/internal/kafka"
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
// same header on garbage, before topology has the format, costs the garbage alone.
func TestEventOfALaterFormatStopsItsPartitionInEverySink(t *testing.T) {
	t.Parallel()
	const partitions, stopped = 2, 0
	log, bucket, db := sinktest.NewLog(t, partitions), objstoretest.New(t), postgrestest.New(t)
	later := kgo.RecordHeader{Key: schemas.HeaderFormat, Value: schemas.FormatHeader(schemas.LatestFormat + 1)}
	var before [partitions]int64
	records := sinktest.Records(sinktest.Events(1, 12), partitions)
	half := len(records) / 2
	garbage := &kgo.Record{Topic: schemas.GameEvents, Value: []byte("garbage"), Headers: []kgo.RecordHeader{later}}
	first := append([]*kgo.Record{garbage}, records[:half]...)
	for _, r := range first {
		before[r.Partition]++
	}
	for _, r := range records[half:] {
		if r.Partition == stopped {
			r.Headers = append(r.Headers, later)
		} else { // the latest format that this release reads, named or not
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: schemas.HeaderFormat, Value: fmt.Append(nil, schemas.LatestFormat)})
		}
	}
	log.Append(t, first...)
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
	raised := false
	runUntil(t, []sink{rawSink, parquetSink, postgresSink}, func() bool {
		for partition, end := range before {
			if min(stored(partition), at(raw.Name, int32(partition)), at(parquet.Name, int32(partition))) < end {
				return false
			}
		}
		if !raised { // the sinks look at topology every two seconds
			raised = true
			raiseFormat(t, log, schemas.LatestFormat+1)
			log.Append(t, records[half:]...)
		}
		return countLines(logged.String(), "partition given up") == 3
	})
	for _, name := range []string{raw.Name, parquet.Name, postgres.Name} {
		if n := countLines(logged.String(), "partition given up", "sink="+name, fmt.Sprint("offset=", before[stopped])); n != 1 {
			t.Errorf("%s has %d lines:\n%s", name, n, logged)
		}
	}
	for what, next := range map[string]int64{raw.Name: at(raw.Name, stopped), parquet.Name: at(parquet.Name, stopped), postgres.Name: stored(stopped)} {
		if next != before[stopped] {
			t.Errorf("%s has written the stopped partition up to %d, want %d", what, next, before[stopped])
		}
	}
	dead := 0
	if err := kafka.ReadAll(t.Context(), log.Config, schemas.DeadLetter(schemas.GameEvents), func(r *kgo.Record) error {
		if string(r.Value) == "garbage" {
			dead++
		}
		return nil
	}); err != nil || dead == 0 {
		t.Errorf("the garbage is %d times in the dead letters: %v", dead, err)
	}
}

// raiseFormat raises the format of games as a later release does.
func raiseFormat(t *testing.T, log *sinktest.Log, format int) {
	t.Helper()
	client, err := kgo.NewClient(log.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	now, err := topology.Read(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	game := now.Of(schemas.GameEvents)
	game.Format = format
	log.Append(t, &kgo.Record{Topic: schemas.TopologyTopic, Key: []byte(game.Aggregate), Value: game.Encode()})
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
