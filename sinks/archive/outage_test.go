package archive

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

// paused reports whether every lane waits for the store, and how many chunks are
// open or ended and not archived.
func (s *started) paused() (all bool, chunks int) {
	r := s.running.Load()
	if r == nil {
		return false, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all = len(r.lanes) > 0
	for _, l := range r.lanes {
		all = all && l.paused
		chunks += len(l.sealed)
		if l.open != nil {
			chunks++
		}
	}
	return all, chunks
}

func TestWhileTheStoreIsAwayABoundedNumberOfChunksWaits(t *testing.T) {
	t.Parallel()
	const partitions, each = 3, 2000 // fifty chunks a partition
	log, store := sinktest.NewLog(t, partitions), objstoretest.New(t)
	s := start(t, log.Config, store)
	for p := range int32(partitions) {
		fill(t, log, p, 40, "v")
		s.reaches(p, 40)
	}
	store.Down()
	for p := range int32(partitions) {
		fill(t, log, p, each-40, "v")
	}
	log.Pass(time.Hour)
	eventually(t, "all lanes wait", func() bool {
		all, chunks := s.paused()
		if chunks > 2*partitions { // one sealed and one open a lane, beside the one in the closer's hands
			t.Fatalf("%d chunks wait", chunks)
		}
		return all
	})
	eventually(t, "it says so", func() bool { return s.Ready() != nil })
	store.Up()
	for p := range int32(partitions) {
		s.reaches(p, each)
	}
	eventually(t, "it is ready again", func() bool { return s.Ready() == nil })
	s.stop()
	sinktest.SameFiles(t, sinktest.Files(t, store, "lines/"), reference(t, log.Config, partitions, each))
}

func TestAStoreThatIsAwayAtTheStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 40, "v")
	store.Down()
	s := start(t, log.Config, store)
	eventually(t, "it waits", func() bool { r := s.running.Load(); return r != nil && r.store.Err() != nil })
	store.Up()
	s.reaches(0, 40)
}

func TestAStoreThatIsAwayDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 400, "v")
	store.Down()
	s := start(t, log.Config, store)
	eventually(t, "it waits", func() bool { r := s.running.Load(); return r != nil && r.store.Err() != nil })
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestKafkaIsWaitedFor(t *testing.T) {
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
	s.reaches(0, 10)
	cluster.Down()
	eventually(t, "it says so", func() bool { return s.Ready() != nil })
	cluster.Up()
	eventually(t, "it is ready again", func() bool { return s.Ready() == nil }) // without a record
	eventually(t, "the producer is back", func() bool {
		return producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GameEvents, Value: []byte("v")}) == nil
	})
	send(10)
	s.reaches(0, 20)
	if err := s.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}
	cluster.Down()
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("without Kafka its stop took %s", took)
	}
}
