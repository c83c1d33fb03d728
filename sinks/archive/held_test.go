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

// gate holds the first that comes to it until it is opened.
type gate struct {
	t      *testing.T
	once   sync.Once
	came   chan struct{}
	opened chan struct{}
}

func newGate(t *testing.T) *gate {
	return &gate{t: t, came: make(chan struct{}), opened: make(chan struct{})}
}

func (g *gate) pass() {
	g.once.Do(func() {
		close(g.came)
		select {
		case <-g.opened:
		case <-g.t.Context().Done():
		}
	})
}

// reached waits until somebody is held.
func (g *gate) reached() {
	g.t.Helper()
	select {
	case <-g.came:
	case <-time.After(30 * time.Second):
		g.t.Fatal("nobody came to the gate")
	}
}

func (g *gate) open() { close(g.opened) }

// history is a bucket that remembers each state of one progress object.
type history struct {
	Bucket
	key    string
	mu     sync.Mutex
	states []Progress
}

func (h *history) put(key string, body objstore.Body, size int64, put func() (objstore.Object, error)) (objstore.Object, error) {
	if key != h.key {
		return put()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	object, err := put()
	if err == nil {
		var state Progress
		if err := json.NewDecoder(io.NewSectionReader(body, 0, size)).Decode(&state); err != nil {
			return object, err
		}
		h.states = append(h.states, state)
	}
	return object, err
}

func (h *history) PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error) {
	return h.put(key, body, size, func() (objstore.Object, error) { return h.Bucket.PutIfAbsent(ctx, key, body, size) })
}

func (h *history) PutIfMatch(ctx context.Context, key, etag string, body objstore.Body, size int64) (objstore.Object, error) {
	return h.put(key, body, size, func() (objstore.Object, error) { return h.Bucket.PutIfMatch(ctx, key, etag, body, size) })
}

// check fails the test where progress went back, or a decided chunk was decided
// again.
func (h *history) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 1; i < len(h.states); i++ {
		was, is := h.states[i-1], h.states[i]
		if is.NextOffset < was.NextOffset {
			t.Errorf("progress went from %d back to %d", was.NextOffset, is.NextOffset)
		}
		if is.NextOffset == was.NextOffset && was.Cut != nil && (is.Cut == nil || *is.Cut != *was.Cut) {
			t.Errorf("the chunk at %d was decided to be %+v, and then %+v", was.NextOffset, was.Cut, is.Cut)
		}
	}
}

// gated holds a copy of the sink before it writes an object under a prefix.
type gated struct {
	Bucket
	prefix string
	gate   *gate
}

func (g *gated) PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error) {
	if strings.HasPrefix(key, g.prefix) {
		g.gate.pass()
	}
	return g.Bucket.PutIfAbsent(ctx, key, body, size)
}

// decided is a bucket in which the first chunk is decided already.
func decided(t *testing.T, key string, cut Cut) *objstoretest.Store {
	t.Helper()
	bucket := objstoretest.New(t)
	p := &progress{bucket: bucket, key: key}
	if done, err := p.decide(t.Context(), Chunk{First: cut.First, Next: cut.Next}); done || err != nil {
		t.Fatal(done, err)
	}
	return bucket
}

// One copy is held between its decision and its first upload. Another, with
// other limits, has loaded the progress before and would end the chunk earlier:
// it must not decide again, but cut as was decided. Else the first one, which
// finds the names of its files taken, passes over what is not in them.
func TestACopyHeldBetweenItsDecisionAndItsUploadsIsFollowedByOneWithOtherLimits(t *testing.T) {
	t.Parallel()
	const n = 400
	key := ProgressKey("lines", schemas.GameEvents, 0)
	forty, thirty := limits(), limits()
	thirty.MaxRecords = 30
	errOther := errors.New("it uploaded a chunk of its own")

	for name, meanwhile := range map[string]struct {
		limits Limits // that the files are cut by after the decided chunk
		goOn   func(slow *started, held *gate, other func(...option) *started)
	}{
		"the other at the end": {thirty, func(slow *started, held *gate, other func(...option) *started) {
			other().reaches(0, n)
			held.open()
			slow.reaches(0, n)
		}},
		"the other before its progress": {forty, func(slow *started, held *gate, other func(...option) *started) {
			before := newGate(slow.t)
			o := other(whenUploaded(func(Chunk) error { before.pass(); return nil }))
			before.reached()
			held.open()
			slow.reaches(0, n)
			before.open()
			o.reaches(0, n)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
			fill(t, log, 0, n, "v")
			log.Pass(time.Hour)
			bucket := &history{Bucket: store, key: key}

			// The other one knows of no decision when it is about to make its own.
			late := newGate(t)
			other := start(t, log.Config, &gated{bucket, key, late}, withGroup("other"), withLimits(thirty),
				whenUploaded(func(Chunk) error { return errOther }))
			late.reached()
			held := newGate(t)
			slow := start(t, log.Config, &gated{bucket, "lines/", held}, withGroup("slow"), withLimits(forty))
			held.reached()
			late.open()
			if err := other.fails(); !errors.Is(err, errOtherCut) {
				t.Errorf("the other copy ended with: %v", err)
			}
			meanwhile.goOn(slow, held, func(options ...option) *started { // as a supervisor does
				return start(t, log.Config, bucket, append(options, withGroup("other"), withLimits(thirty))...)
			})

			files := sinktest.Files(t, store, "lines/")
			wantOffsets(t, files, 0, n)
			alone := decided(t, key, Cut{0, 40})
			start(t, log.Config, alone, withGroup("alone"), withLimits(meanwhile.limits)).reaches(0, n)
			sinktest.SameFiles(t, files, sinktest.Files(t, alone, "lines/"))
			bucket.check(t)
		})
	}
}

// A copy is held before its decision while another archives the first part of
// its chunk: it must not decide on a chunk that is begun.
func TestACopyHeldBeforeItsDecisionDoesNotCutAcrossWhatIsArchived(t *testing.T) {
	t.Parallel()
	const n = 210
	log, store := sinktest.NewLog(t, 1), objstoretest.New(t)
	fill(t, log, 0, n, "v")
	log.Pass(time.Hour)
	bucket := &history{Bucket: store, key: ProgressKey("lines", schemas.GameEvents, 0)}
	thirty := limits()
	thirty.MaxRecords = 30

	late := newGate(t)
	slow := start(t, log.Config, &gated{bucket, bucket.key, late}, withGroup("slow"),
		whenUploaded(func(Chunk) error { return errKilled }))
	late.reached()
	between := newGate(t) // two chunks: no cut is decided
	other := start(t, log.Config, bucket, withGroup("other"), withLimits(thirty), func(s *Sink) {
		then := s.cfg.hooks.archived
		s.cfg.hooks.archived = func(c Chunk) { then(c); between.pass() }
	})
	between.reached()
	late.open()
	if err := slow.fails(); !errors.Is(err, errOtherCut) {
		t.Errorf("the late copy ended with: %v", err)
	}
	between.open()
	other.reaches(0, n)
	wantOffsets(t, sinktest.Files(t, store, "lines/"), 0, n)
	bucket.check(t)
}
