package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

var errKilled = errors.New("killed")

// reference archives a log into a bucket of its own, undisturbed, and returns the
// files.
func reference(t *testing.T, cfg kafka.Config, partitions int32, offset int64) map[string]string {
	t.Helper()
	bucket := objstoretest.New(t)
	s := start(t, cfg, bucket, withGroup("reference"))
	for p := range partitions {
		s.waitArchived(p, offset)
	}
	s.stop()
	return sinktest.Files(t, bucket, "lines/")
}

func TestSinkKilledBetweenUploadAndProgressCutsTheSameChunkAgain(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 500, "v")
	log.Pass(time.Hour)

	killed := start(t, log.Config, bucket, onUploaded(func(c Chunk) error {
		if c.First == 80 {
			return errKilled
		}
		return nil
	}))
	if err := killed.waitFailed(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	// The next start has other limits. The chunk that has files is cut as before,
	// those after it by the new limits.
	s := start(t, log.Config, bucket, withLimits(Limits{Window: 5 * time.Minute, MaxRecords: 70, MaxBytes: 1 << 20}))
	s.waitArchived(0, 500)
	files := sinktest.Files(t, bucket, "lines/")
	wantOffsets(t, files, 0, 500)
	want := reference(t, log.Config, 1, 500)
	for key, content := range want {
		if strings.HasSuffix(key, fmt.Sprintf("%020d", 80)) && files[key] != content {
			t.Errorf("%s differs", key)
		}
	}
}

func TestKilledSinkLeavesTheFilesOfAnUndisturbedRun(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 2), objstoretest.New(t)
	for p := range int32(2) {
		fill(t, log, p, 300, "v")
	}
	log.Pass(time.Hour)
	for _, at := range []int64{0, 40, 200, 280} {
		killed := start(t, log.Config, bucket, onUploaded(func(c Chunk) error {
			if c.First == at {
				return errKilled
			}
			return nil
		}))
		if err := killed.waitFailed(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	s := start(t, log.Config, bucket)
	s.waitArchived(0, 300)
	s.waitArchived(1, 300)
	sinktest.SameFiles(t, sinktest.Files(t, bucket, "lines/"), reference(t, log.Config, 2, 300))
}

func TestTwoCopiesWithTheSameLimitsWriteTheSameFiles(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 2), objstoretest.New(t)
	for p := range int32(2) {
		fill(t, log, p, 400, "v")
	}
	// Each waits for the other before it stores a chunk's progress.
	barrier := newChunkBarrier(2)
	both := []*runningSink{
		start(t, log.Config, bucket, withGroup("one"), onUploaded(barrier.wait)),
		start(t, log.Config, bucket, withGroup("two"), onUploaded(barrier.wait)),
	}
	log.Pass(time.Hour)
	for _, s := range both {
		s.waitArchived(0, 400)
		s.waitArchived(1, 400)
		s.stop()
	}
	sinktest.SameFiles(t, sinktest.Files(t, bucket, "lines/"), reference(t, log.Config, 2, 400))
}

func TestCopiesWithDifferentLimitsArchiveEachRecordOnce(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 400, "v")
	log.Pass(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	var copies sync.WaitGroup
	for _, records := range []int{40, 30, 70} {
		sink, err := New(Config{
			Kafka: log.Config, Bucket: bucket, Topics: []string{schemas.GameEvents}, TempDir: t.TempDir(), Logger: sinktest.Logger(t),
			Limits: Limits{MaxRecords: records}, Grace: time.Millisecond, Group: fmt.Sprint("records-", records),
		}, lines{})
		if err != nil {
			t.Fatal(err)
		}
		copies.Go(func() {
			for ctx.Err() == nil { // as a supervisor does
				if err := sink.Run(ctx); err != nil && !errors.Is(err, errOtherDecision) && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	eventually.True(t, "all is archived", func() bool {
		return sinktest.Progress(t, bucket, ProgressKey("lines", schemas.GameEvents, 0)) == 400
	})
	cancel()
	copies.Wait()
	wantOffsets(t, sinktest.Files(t, bucket, "lines/"), 0, 400)
}

// chunkBarrier blocks callers that name the same chunk until n have called.
type chunkBarrier struct {
	n       int
	mu      sync.Mutex
	waiting map[Chunk]int
	open    map[Chunk]chan struct{}
}

func newChunkBarrier(n int) *chunkBarrier {
	return &chunkBarrier{n: n, waiting: make(map[Chunk]int), open: make(map[Chunk]chan struct{})}
}

func (b *chunkBarrier) wait(c Chunk) error {
	b.mu.Lock()
	if b.open[c] == nil {
		b.open[c] = make(chan struct{})
	}
	open := b.open[c]
	if b.waiting[c]++; b.waiting[c] == b.n {
		close(open)
	}
	b.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-time.After(30 * time.Second):
		return fmt.Errorf("no other copy reached %+v", c)
	}
}

func TestGroupMembersShareThePartitions(t *testing.T) {
	t.Parallel()
	const partitions = 4
	log, bucket := sinktest.NewLog(t, partitions), objstoretest.New(t)
	first := start(t, log.Config, bucket)
	for p := range int32(partitions) {
		fill(t, log, p, 100, "a")
	}
	for p := range int32(partitions) {
		first.waitArchived(p, 80)
	}
	second := start(t, log.Config, bucket)
	eventually.True(t, "each has two partitions", func() bool { return first.partitions() == 2 && second.partitions() == 2 })
	for p := range int32(partitions) {
		fill(t, log, p, 100, "b")
	}
	log.Pass(time.Hour)
	eventually.True(t, "all is archived", func() bool {
		files := sinktest.Files(t, bucket, "lines/")
		for p := range int32(partitions) {
			if len(archivedOffsets(files, p)) < 200 {
				return false
			}
		}
		return true
	})
	first.stop()
	second.stop()
	sinktest.SameFiles(t, sinktest.Files(t, bucket, "lines/"), reference(t, log.Config, partitions, 200))
}

func TestIdlePartitionIsSealedByTheBrokersClock(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	edge := schemas.TimeOf(sinktest.Start.Std().Truncate(5 * time.Minute).Add(5 * time.Minute))
	log.Set(edge.Add(-500 * time.Millisecond))
	record := func() *kgo.Record {
		return &kgo.Record{Topic: schemas.GameEvents, Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: schemas.HeaderRegion, Value: []byte("eu")}}}
	}
	log.Append(t, record())
	s := start(t, log.Config, bucket, withGrace(2*time.Second))
	// The window is over, but the grace is not, whatever the sink's own clock says.
	log.Set(edge.Add(1999 * time.Millisecond))
	s.waitIdleCheck()
	s.waitIdleCheck()
	if files := sinktest.Files(t, bucket, "lines/"); len(files) != 0 {
		t.Fatalf("sealed too early: %v", files)
	}
	log.Set(edge.Add(2000 * time.Millisecond))
	s.waitArchived(0, 1)
	log.Append(t, record())
	log.Pass(time.Hour)
	s.waitArchived(0, 2)
	s.stop()
	sinktest.SameFiles(t, sinktest.Files(t, bucket, "lines/"), reference(t, log.Config, 1, 2))
}

func TestOffsetsWithoutRecordsAreSkipped(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 3, "a")
	client, err := kgo.NewClient(append(log.Config.Opts(), kgo.TransactionalID("gaps"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Topic: schemas.GameEvents, Value: fmt.Appendf(nil, "t%d", i), Timestamp: time.UnixMilli(1)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	// 3 records; then four transactions of a record and a marker, the second and the
	// last aborted.
	log.Pass(time.Hour)
	s := start(t, log.Config, bucket)
	s.waitArchived(0, 8)
	if got := archivedOffsets(sinktest.Files(t, bucket, "lines/"), 0); !slices.Equal(got, []int64{0, 1, 2, 3, 7}) {
		t.Errorf("offsets %v", got)
	}
}

func TestSinkFailsWhenTheLogEndsBeforeItsProgress(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, 80, "v")
	s := start(t, log.Config, bucket)
	s.waitArchived(0, 80)
	s.stop()
	other := sinktest.NewLog(t, 1)
	fill(t, other, 0, 10, "w")
	if err := start(t, other.Config, bucket).waitFailed(); err == nil || !strings.Contains(err.Error(), "this is another log") {
		t.Errorf("got %v", err)
	}
}
