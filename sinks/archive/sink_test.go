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

// lines is a test format: one line for each record. It rejects the value "poison".
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
			if err := out.Reject(rec, errors.New("it is poison")); err != nil {
				return err
			}
			continue
		}
		file.Rows++
		fmt.Fprintf(file, "%d %s\n", rec.Offset, rec.Value)
	}
	return nil
}

// testLimits cut small chunks, and windows longer than a test.
func testLimits() Limits { return Limits{Window: 5 * time.Minute, MaxRecords: 40, MaxBytes: 1 << 20} }

// runningSink is a sink that runs in a test.
type runningSink struct {
	*Sink
	t      *testing.T
	cancel context.CancelFunc
	done   chan error

	mu      sync.Mutex
	next    map[topicPartition]int64 // archived up to
	changed chan struct{}            // closed and replaced when next changes

	idleChecks chan struct{} // one value for each check
}

type option func(*Sink)

func withLimits(l Limits) option { return func(s *Sink) { s.cfg.Limits = l } }
func withGroup(g string) option  { return func(s *Sink) { s.cfg.Group = g } }
func withGrace(d time.Duration) option {
	return func(s *Sink) { s.cfg.Grace = d }
}
func onUploaded(f func(Chunk) error) option { return func(s *Sink) { s.cfg.hooks.uploaded = f } }

func start(t *testing.T, cfg kafka.Config, bucket Bucket, options ...option) *runningSink {
	t.Helper()
	sink, err := New(Config{
		Kafka: cfg, Bucket: bucket, Limits: testLimits(), Topics: []string{schemas.GameEvents}, TempDir: t.TempDir(),
		Grace: time.Millisecond, Logger: sinktest.Logger(t),
	}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	s := &runningSink{Sink: sink, t: t, done: make(chan error, 1), next: make(map[topicPartition]int64), changed: make(chan struct{}), idleChecks: make(chan struct{}, 1000)}
	s.cfg.hooks.archived = func(c Chunk) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.next[topicPartition{c.Topic, c.Partition}] = c.Next
		close(s.changed)
		s.changed = make(chan struct{})
	}
	s.cfg.recheckAfter = time.Second // the clocks of tests jump
	s.cfg.hooks.idleChecked = func() { s.idleChecks <- struct{}{} }
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
func (s *runningSink) stop() {
	s.cancel()
	if err := <-s.done; err != nil && !errors.Is(err, context.Canceled) {
		s.t.Errorf("sink: %v", err)
	}
	s.done <- nil // for the next stop
}

// waitFailed waits until the sink ends by itself and returns its error.
func (s *runningSink) waitFailed() error {
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

// waitArchived waits until a partition is archived up to an offset.
func (s *runningSink) waitArchived(partition int32, offset int64) {
	s.t.Helper()
	timeout := time.After(60 * time.Second)
	for {
		s.mu.Lock()
		at, changed := s.next[topicPartition{schemas.GameEvents, partition}], s.changed
		s.mu.Unlock()
		if at >= offset {
			return
		}
		select {
		case <-changed:
		case err := <-s.done:
			s.done <- nil
			s.t.Fatalf("sink: %v", err)
		case <-timeout:
			s.t.Fatalf("partition %d is archived up to offset %d, want %d", partition, at, offset)
		}
	}
}

// fill appends n records to a partition, in batches of ten, a second apart.
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

// archivedOffsets returns the offsets in the files of a partition, sorted, with
// repeats.
func archivedOffsets(files map[string]string, partition int32) (all []int64) {
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
	if got := archivedOffsets(files, partition); !slices.Equal(got, upTo(n)) {
		t.Errorf("partition %d: offsets %v in files %v", partition, got, slices.Sorted(maps.Keys(files)))
	}
}

func TestRecordsGoToTheFileOfTheirWindowAndRegion(t *testing.T) {
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
	s.waitArchived(0, 7)
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

// waitIdleCheck waits until the sink has read the broker's clock once more.
func (s *runningSink) waitIdleCheck() {
	s.t.Helper()
	select {
	case <-s.idleChecks:
	case <-time.After(30 * time.Second):
		s.t.Fatal("the sink does not read the broker's clock")
	}
}

// partitions returns how many partitions the sink owns.
func (s *runningSink) partitions() int {
	r := s.running.Load()
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.writers)
}
