package archive

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/internal/objstore"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

// gate blocks the first caller of pass until it is opened.
type gate struct {
	t       *testing.T
	once    sync.Once
	reached chan struct{}
	opened  chan struct{}
}

func newGate(t *testing.T) *gate {
	return &gate{t: t, reached: make(chan struct{}), opened: make(chan struct{})}
}

func (g *gate) pass() {
	g.once.Do(func() {
		close(g.reached)
		select {
		case <-g.opened:
		case <-g.t.Context().Done():
		}
	})
}

// waitReached waits until a caller is blocked.
func (g *gate) waitReached() {
	g.t.Helper()
	select {
	case <-g.reached:
	case <-time.After(30 * time.Second):
		g.t.Fatal("no caller reached the gate")
	}
}

func (g *gate) open() { close(g.opened) }

// progressRecorder is a bucket that records each version of one progress object.
type progressRecorder struct {
	Bucket
	key      string
	mu       sync.Mutex
	versions []Progress
}

func (h *progressRecorder) put(key string, body objstore.Body, size int64, put func() (objstore.Object, error)) (objstore.Object, error) {
	if key != h.key {
		return put()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	object, err := put()
	if err == nil {
		var version Progress
		if err := json.NewDecoder(io.NewSectionReader(body, 0, size)).Decode(&version); err != nil {
			return object, err
		}
		h.versions = append(h.versions, version)
	}
	return object, err
}

func (h *progressRecorder) PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error) {
	return h.put(key, body, size, func() (objstore.Object, error) { return h.Bucket.PutIfAbsent(ctx, key, body, size) })
}

func (h *progressRecorder) PutIfMatch(ctx context.Context, key, etag string, body objstore.Body, size int64) (objstore.Object, error) {
	return h.put(key, body, size, func() (objstore.Object, error) { return h.Bucket.PutIfMatch(ctx, key, etag, body, size) })
}

// check fails the test if the progress went backwards, or if a chunk was decided
// twice.
func (h *progressRecorder) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 1; i < len(h.versions); i++ {
		before, after := h.versions[i-1], h.versions[i]
		if after.NextOffset < before.NextOffset {
			t.Errorf("progress went from %d back to %d", before.NextOffset, after.NextOffset)
		}
		if after.NextOffset == before.NextOffset && before.Decided != nil && (after.Decided == nil || *after.Decided != *before.Decided) {
			t.Errorf("the chunk at %d was decided as %+v, then as %+v", before.NextOffset, before.Decided, after.Decided)
		}
	}
}

// gatedBucket blocks at a gate before the first object under a prefix is created.
type gatedBucket struct {
	Bucket
	prefix string
	gate   *gate
}

func (g *gatedBucket) PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error) {
	if strings.HasPrefix(key, g.prefix) {
		g.gate.pass()
	}
	return g.Bucket.PutIfAbsent(ctx, key, body, size)
}

// bucketWithDecision returns a bucket in which the first chunk is decided already.
func bucketWithDecision(t *testing.T, key string, decision OffsetRange) *objstoretest.Store {
	t.Helper()
	bucket := objstoretest.New(t)
	p := &progress{bucket: bucket, key: key}
	if archived, err := p.decide(t.Context(), Chunk{First: decision.First, Next: decision.Next}); archived || err != nil {
		t.Fatal(archived, err)
	}
	return bucket
}

// One copy (slow) is blocked between its decision and its first upload. Another,
// with other limits, loaded the progress before that decision and would end the
// chunk earlier. It must follow the decision: otherwise slow, which takes a file
// that exists for its own, would lose the records that are not in it.
func TestCopyWithOtherLimitsFollowsADecisionMadeAfterItLoadedTheProgress(t *testing.T) {
	t.Parallel()
	const n = 400
	key := ProgressKey("lines", schemas.GameEvents, 0)
	forty, thirty := testLimits(), testLimits()
	thirty.MaxRecords = 30
	errOther := errors.New("uploaded a chunk of its own")

	for name, order := range map[string]struct {
		limits  Limits // that the files are cut by after the decided chunk
		proceed func(slow *runningSink, held *gate, restart func(...option) *runningSink)
	}{
		"the other archives everything first": {thirty, func(slow *runningSink, held *gate, restart func(...option) *runningSink) {
			restart().waitArchived(0, n)
			held.open()
			slow.waitArchived(0, n)
		}},
		"the other stops before it stores the progress": {forty, func(slow *runningSink, held *gate, restart func(...option) *runningSink) {
			before := newGate(slow.t)
			other := restart(onUploaded(func(Chunk) error { before.pass(); return nil }))
			before.waitReached()
			held.open()
			slow.waitArchived(0, n)
			before.open()
			other.waitArchived(0, n)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
			fill(t, log, 0, n, "v")
			log.Pass(time.Hour)
			bucket := &progressRecorder{Bucket: store, key: key}

			// The other copy is about to decide and knows of no decision.
			deciding := newGate(t)
			other := start(t, log.Config, &gatedBucket{bucket, key, deciding}, withGroup("other"), withLimits(thirty),
				onUploaded(func(Chunk) error { return errOther }))
			deciding.waitReached()
			held := newGate(t)
			slow := start(t, log.Config, &gatedBucket{bucket, "lines/", held}, withGroup("slow"), withLimits(forty))
			held.waitReached()
			deciding.open()
			if err := other.waitFailed(); !errors.Is(err, errOtherDecision) {
				t.Errorf("the other copy ended with %v", err)
			}
			order.proceed(slow, held, func(options ...option) *runningSink { // as a supervisor does
				return start(t, log.Config, bucket, append(options, withGroup("other"), withLimits(thirty))...)
			})

			files := sinktest.Files(t, store, "lines/")
			wantOffsets(t, files, 0, n)
			alone := bucketWithDecision(t, key, OffsetRange{0, 40})
			start(t, log.Config, alone, withGroup("alone"), withLimits(order.limits)).waitArchived(0, n)
			sinktest.SameFiles(t, files, sinktest.Files(t, alone, "lines/"))
			bucket.check(t)
		})
	}
}

// One copy (slow) is blocked before its decision while another archives the first
// part of the same records.
func TestCopyDoesNotDecideOnAChunkThatIsPartlyArchived(t *testing.T) {
	t.Parallel()
	const n = 210
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, n, "v")
	log.Pass(time.Hour)
	bucket := &progressRecorder{Bucket: store, key: ProgressKey("lines", schemas.GameEvents, 0)}
	thirty := testLimits()
	thirty.MaxRecords = 30

	deciding := newGate(t)
	slow := start(t, log.Config, &gatedBucket{bucket, bucket.key, deciding}, withGroup("slow"),
		onUploaded(func(Chunk) error { return errKilled }))
	deciding.waitReached()
	between := newGate(t) // two chunks, so no decision is stored
	other := start(t, log.Config, bucket, withGroup("other"), withLimits(thirty), func(s *Sink) {
		archived := s.cfg.hooks.archived
		s.cfg.hooks.archived = func(c Chunk) { archived(c); between.pass() }
	})
	between.waitReached()
	deciding.open()
	if err := slow.waitFailed(); !errors.Is(err, errOtherDecision) {
		t.Errorf("the slow copy ended with %v", err)
	}
	between.open()
	other.waitArchived(0, n)
	wantOffsets(t, sinktest.Files(t, store, "lines/"), 0, n)
	bucket.check(t)
}
