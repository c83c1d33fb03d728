package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tabiya/internal/objstore"
)

// Bucket is what the archive needs of an object store.
type Bucket interface {
	Get(ctx context.Context, key string) (io.ReadCloser, objstore.Object, error)
	PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error)
	PutIfMatch(ctx context.Context, key, etag string, body objstore.Body, size int64) (objstore.Object, error)
}

// Progress is the object that says how far a sink is in one partition. It lies
// beside the data, so that whoever restores or empties the bucket does so to
// both.
type Progress struct {
	// NextOffset is the first offset that is not in the archive yet.
	NextOffset int64 `json:"nextOffset"`
	// Cut, if there is one, is the chunk that begins there and may have files
	// already: it must be cut again exactly so.
	Cut *Cut `json:"cut,omitempty"`
}

// Cut is a decided chunk.
type Cut struct {
	First int64 `json:"first"`
	Next  int64 `json:"next"`
}

// ProgressKey is where a sink's progress in a partition lies.
func ProgressKey(sink, topic string, partition int32) string {
	return fmt.Sprintf("_progress/v1/%s/%s/%05d.json", sink, topic, partition)
}

// errOtherCut: another copy of the sink has decided on another end for the same
// chunk. Starting again from the stored progress mends it.
var errOtherCut = errors.New("another copy of this sink has cut the chunk elsewhere")

// progress reads and moves one progress object. It is for one goroutine.
type progress struct {
	bucket Bucket
	key    string
	stored *Progress // nil: there is none yet
	etag   string
}

func (p *progress) load(ctx context.Context) error {
	body, object, err := p.bucket.Get(ctx, p.key)
	if errors.Is(err, objstore.ErrNotFound) {
		p.stored, p.etag = nil, ""
		return nil
	}
	if err != nil {
		return fmt.Errorf("load progress: %w", err)
	}
	defer func() { _ = body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err != nil {
		return fmt.Errorf("load progress %s: %w", p.key, err)
	}
	var stored Progress
	if err := json.Unmarshal(raw, &stored); err != nil {
		return fmt.Errorf("load progress %s: %w", p.key, err)
	}
	p.stored, p.etag = &stored, object.ETag
	return nil
}

// swap stores next in place of what was loaded, and nothing else. On a conflict
// it loads what is there now.
func (p *progress) swap(ctx context.Context, next Progress) error {
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("save progress %s: %w", p.key, err)
	}
	raw = append(raw, '\n')
	body, size := bytes.NewReader(raw), int64(len(raw))
	var object objstore.Object
	if p.stored == nil {
		object, err = p.bucket.PutIfAbsent(ctx, p.key, body, size)
	} else {
		object, err = p.bucket.PutIfMatch(ctx, p.key, p.etag, body, size)
	}
	if errors.Is(err, objstore.ErrExists) || errors.Is(err, objstore.ErrChanged) {
		return p.reload(ctx)
	}
	if err != nil { // if it was carried out all the same, the next try conflicts with itself
		return fmt.Errorf("save progress: %w", err)
	}
	p.stored, p.etag = &next, object.ETag
	return nil
}

func (p *progress) reload(ctx context.Context) error {
	had := p.stored != nil
	if err := p.load(ctx); err != nil {
		return err
	}
	if had && p.stored == nil {
		return fmt.Errorf("progress %s has been deleted: starting over", p.key)
	}
	return errConflict
}

var errConflict = errors.New("progress has moved")

// decide makes the chunk's end known before its first file is uploaded. done
// reports that another copy has archived these records already, perhaps in other
// chunks: then nothing of this one may be uploaded.
func (p *progress) decide(ctx context.Context, c Chunk) (done bool, err error) {
	for {
		switch s := p.stored; {
		case s != nil && s.NextOffset >= c.Next:
			return true, nil
		case s != nil && s.NextOffset > c.First: // it ended within this one
			return false, errOtherCut
		case s != nil && s.Cut != nil:
			if *s.Cut != (Cut{c.First, c.Next}) {
				return false, errOtherCut
			}
			return false, nil
		}
		next := Progress{NextOffset: c.First, Cut: &Cut{c.First, c.Next}}
		if err := p.swap(ctx, next); !errors.Is(err, errConflict) {
			return false, err
		}
	}
}

// finish moves past a chunk whose files are all there.
func (p *progress) finish(ctx context.Context, c Chunk) error {
	for p.stored == nil || p.stored.NextOffset < c.Next {
		if err := p.swap(ctx, Progress{NextOffset: c.Next}); err != nil && !errors.Is(err, errConflict) {
			return err
		}
	}
	return nil
}
