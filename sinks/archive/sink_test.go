package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

func TestMain(m *testing.M) { objstoretest.Main(m) }

// lines is a format for tests: a line a record. It refuses the value "poison".
type lines struct{}

func (lines) Name() string { return "lines" }

func (lines) NewEncoder() (Encoder, error) { return lines{}, nil }

func (lines) Encode(c Chunk, region string, records *Records, out *Output) error {
	file, err := out.Create(fmt.Sprintf("lines/%s/%s/%s", c.Topic, c.Folder(region), c.Name()), "lines")
	if err != nil {
		return err
	}
	for rec := (Record{}); records.Next(&rec); {
		if string(rec.Value) == "poison" {
			if err := out.Refuse(rec, errors.New("it is poison")); err != nil {
				return err
			}
			continue
		}
		file.Rows++
		fmt.Fprintf(file, "%d %s\n", rec.Offset, rec.Value)
	}
	return nil
}

// limits of most tests: small chunks, and windows that real time gets past.
func limits() Limits { return Limits{Window: 5 * time.Minute, MaxRecords: 40, MaxBytes: 1 << 20} }

// started is a sink that runs in a test.
type started struct {
	*Sink
	t      *testing.T
	cancel context.CancelFunc
	done   chan error

	mu   sync.Mutex
	next map[topicPartition]int64
	more chan struct{} // closed and renewed when next changes

	looks chan struct{} // one for each look at the broker's clock
}

type option func(*Sink)

func withLimits(l Limits) option { return func(s *Sink) { s.cfg.Limits = l } }
func withGroup(g string) option  { return func(s *Sink) { s.cfg.Group = g } }
func withGrace(d time.Duration) option {
	return func(s *Sink) { s.cfg.Grace = d }
}
func whenUploaded(f func(Chunk) error) option { return func(s *Sink) { s.cfg.hooks.uploaded = f } }

func start(t *testing.T, cfg kafka.Config, bucket Bucket, options ...option) *started {
	t.Helper()
	sink, err := New(Config{
		Kafka: cfg, Bucket: bucket, Limits: limits(), Topics: []string{schemas.GameEvents}, TempDir: t.TempDir(),
		Grace: time.Millisecond, Logger: sinktest.Logger(t),
	}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	s := &started{Sink: sink, t: t, done: make(chan error, 1), next: make(map[topicPartition]int64), more: make(chan struct{}), looks: make(chan struct{}, 1000)}
	s.cfg.hooks.archived = func(c Chunk) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.next[topicPartition{c.Topic, c.Partition}] = c.Next
		close(s.more)
		s.more = make(chan struct{})
	}
	s.cfg.doubt = time.Second // the tests' clocks jump
	s.cfg.hooks.looked = func() { s.looks <- struct{}{} }
	for _, o := range options {
		o(sink)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.done <- sink.Run(ctx) }()
	t.Cleanup(s.stop)
	return s
}

// stop stops the sink cleanly.
func (s *started) stop() {
	s.cancel()
	if err := <-s.done; err != nil && !errors.Is(err, context.Canceled) {
		s.t.Errorf("the sink ended with: %v", err)
	}
	s.done <- nil // for the next stop
}

// fails waits until the sink ends by itself.
func (s *started) fails() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		s.done <- nil
		return err
	case <-time.After(30 * time.Second):
		s.t.Fatal("the sink did not end")
		return nil
	}
}

// reaches waits until a partition is archived up to an offset.
func (s *started) reaches(partition int32, offset int64) {
	s.t.Helper()
	timeout := time.After(60 * time.Second)
	for {
		s.mu.Lock()
		at, more := s.next[topicPartition{schemas.GameEvents, partition}], s.more
		s.mu.Unlock()
		if at >= offset {
			return
		}
		select {
		case <-more:
		case err := <-s.done:
			s.done <- nil
			s.t.Fatalf("the sink ended: %v", err)
		case <-timeout:
			s.t.Fatalf("partition %d is archived up to %d, not %d", partition, at, offset)
		}
	}
}

// fill writes n records to a partition, one batch for each ten, a second apart.
func fill(t *testing.T, log *sinktest.Log, partition int32, n int, value string) {
	t.Helper()
	for i := 0; i < n; i += 10 {
		var batch []*kgo.Record
		for j := i; j < min(i+10, n); j++ {
			batch = append(batch, &kgo.Record{
				Topic: schemas.GameEvents, Partition: partition, Key: []byte("k"), Value: fmt.Appendf(nil, "%s%d", value, j),
				Headers: []kgo.RecordHeader{{Key: schemas.HeaderRegion, Value: []byte(sinktest.Regions[j%3])}},
			})
		}
		log.Append(t, batch...)
		log.Pass(time.Second)
	}
}

// offsets are all offsets in files of a partition, sorted; a repeat is there
// twice.
func offsets(files map[string]string, partition int32) (all []int64) {
	for key, content := range files {
		if !strings.Contains(key, fmt.Sprintf("/%05d-", partition)) {
			continue
		}
		for line := range strings.Lines(content) {
			var offset int64
			_, _ = fmt.Sscan(line, &offset)
			all = append(all, offset)
		}
	}
	slices.Sort(all)
	return all
}

func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func wantOffsets(t *testing.T, files map[string]string, partition int32, n int64) {
	t.Helper()
	if got := offsets(files, partition); !slices.Equal(got, upTo(n)) {
		t.Errorf("partition %d: offsets %v in %v", partition, got, slices.Sorted(maps.Keys(files)))
	}
}

func TestEachRecordIsInTheFileOfItsWindowAndRegion(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	record := func(region, value string) *kgo.Record {
		r := &kgo.Record{Topic: schemas.GameEvents, Value: []byte(value)}
		if region != "" {
			r.Headers = []kgo.RecordHeader{{Key: schemas.HeaderRegion, Value: []byte(region)}}
		}
		return r
	}
	log.Set(schemas.TimeOf(time.Date(2026, 3, 29, 11, 59, 59, 999e6, time.UTC)))
	log.Append(t, record("eu", "last of the hour"), record("../../eu", "hostile"), record("", "none"))
	log.Set(schemas.TimeOf(time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)))
	log.Append(t, record("eu", "first of the hour"), record("na", "poison"), record("eu", "poison"))
	log.Set(schemas.TimeOf(time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)))
	log.Append(t, record("eu", "another day"))
	log.Pass(time.Hour)

	s := start(t, log.Config, bucket)
	s.reaches(0, 7)
	sinktest.SameFiles(t, sinktest.Files(t, bucket, "lines/"), map[string]string{
		"lines/game-events/region=eu/date=2026-03-29/hour=11/00000-00000000000000000000":      "0 last of the hour\n",
		"lines/game-events/region=unknown/date=2026-03-29/hour=11/00000-00000000000000000000": "1 hostile\n2 none\n",
		"lines/game-events/region=eu/date=2026-03-29/hour=12/00000-00000000000000000003":      "3 first of the hour\n",
		"lines/game-events/region=eu/date=2026-03-30/hour=00/00000-00000000000000000006":      "6 another day\n",
	})
	var dead []string
	err := kafka.ReadAll(t.Context(), log.Config, schemas.DeadLetter(schemas.GameEvents), func(r *kgo.Record) error {
		dead = append(dead, fmt.Sprintf("%s %s: %s", r.Headers[1].Value, r.Headers[0].Value, r.Value))
		return nil
	})
	slices.Sort(dead)
	if want := []string{"game-events/0/4 it is poison: poison", "game-events/0/5 it is poison: poison"}; err != nil || !slices.Equal(dead, want) {
		t.Errorf("dead letters %q, %v", dead, err)
	}
}

// looked waits until the sink has asked for the broker's time once more.
func (s *started) looked() {
	s.t.Helper()
	select {
	case <-s.looks:
	case <-time.After(30 * time.Second):
		s.t.Fatal("the sink does not look at the broker's clock")
	}
}

// lanes is how many partitions the sink has.
func (s *started) lanes() int {
	r := s.running.Load()
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lanes)
}
