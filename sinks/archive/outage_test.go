package archive

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

// paused reports whether every partition is paused, and how many chunks are open
// or wait to be archived.
func (s *runningSink) paused() (all bool, chunks int) {
	r := s.running.Load()
	if r == nil {
		return false, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all = len(r.writers) > 0
	for _, w := range r.writers {
		all = all && w.paused
		chunks += len(w.sealed)
		if w.open != nil {
			chunks++
		}
	}
	return all, chunks
}

// waitStoreUnavailable waits until the sink has noticed that its store is
// unavailable.
func (s *runningSink) waitStoreUnavailable() {
	s.t.Helper()
	eventually.True(s.t, "the store is found unavailable", func() bool {
		r := s.running.Load()
		return r != nil && r.store.Err() != nil
	})
}

func TestChunksWaitingForAnUnavailableStoreAreBounded(t *testing.T) {
	t.Parallel()
	const partitions, each = 3, 2000 // fifty chunks a partition
	log, store := sinktest.NewLog(t, partitions), objstoretest.New(t)
	s := start(t, log.Config, store)
	for p := range int32(partitions) {
		fill(t, log, p, 40, "v")
		s.waitArchived(p, 40)
	}
	store.Down()
	for p := range int32(partitions) {
		fill(t, log, p, each-40, "v")
	}
	log.Pass(time.Hour)
	eventually.True(t, "all partitions are paused", func() bool {
		all, chunks := s.paused()
		if chunks > 2*partitions { // one sealed and one open for each, beside the one that is being archived
			t.Fatalf("%d chunks wait, want at most %d", chunks, 2*partitions)
		}
		return all
	})
	s.waitStoreUnavailable()
	if err := s.Ready(); err != nil {
		t.Errorf("not ready during an outage of the store: %v", err)
	}
	store.Up()
	for p := range int32(partitions) {
		s.waitArchived(p, each)
	}
	eventually.NoError(t, "ready again", s.Ready)
	s.stop()
	sinktest.SameFiles(t, sinktest.Files(t, store, "lines/"), reference(t, log.Config, partitions, each))
}

func TestSinkStartsOnceTheStoreIsAvailable(t *testing.T) {
	t.Parallel()
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 40, "v")
	store.Down()
	s := start(t, log.Config, store)
	s.waitStoreUnavailable()
	store.Up()
	s.waitArchived(0, 40)
}

func TestSinkStopsWhileTheStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 400, "v")
	store.Down()
	s := start(t, log.Config, store)
	s.waitStoreUnavailable()
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stop took %s", took)
	}
}

func TestSinkContinuesAfterAKafkaOutage(t *testing.T) {
	t.Parallel()
	cluster, store := kafkatest.Start(t, 1), objstoretest.New(t)
	cluster.RequireFake(t)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	send := func(n int) {
		t.Helper()
		for range n {
			if err := producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GameEvents, Value: []byte("v")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := start(t, cluster.Config, store, withLimits(Limits{Window: time.Hour, MaxRecords: 10, MaxBytes: 1 << 20}))
	send(15)
	s.waitArchived(0, 10)
	cluster.Down()
	eventually.True(t, "not ready", func() bool { return s.Ready() != nil })
	cluster.Up()
	eventually.NoError(t, "ready again, without a new record", s.Ready)
	eventually.True(t, "the producer sends again", func() bool {
		return producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GameEvents, Value: []byte("v")}) == nil
	})
	send(10)
	s.waitArchived(0, 20)
	if err := s.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}
	cluster.Down()
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stop without Kafka took %s", took)
	}
}
