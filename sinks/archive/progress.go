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

// Bucket is what an archive sink needs of an object store.
type Bucket interface {
	Get(ctx context.Context, key string) (io.ReadCloser, objstore.Object, error)
	PutIfAbsent(ctx context.Context, key string, body objstore.Body, size int64) (objstore.Object, error)
	PutIfMatch(ctx context.Context, key, etag string, body objstore.Body, size int64) (objstore.Object, error)
}

// Progress is the content of a sink's progress object for one partition. The
// object is in the bucket of the data, so that restoring or emptying the bucket
// applies to both.
type Progress struct {
	// NextOffset is the place of the first record that is not archived yet. (All
	// offsets of a sink are places, see package consumer.)
	NextOffset int64 `json:"nextOffset"`
	// Decided, if set, is the range of the chunk that starts at NextOffset. It may
	// have files already, so it must get the same end again.
	Decided *OffsetRange `json:"cut,omitempty"`
}

// OffsetRange is the offsets from First up to but not including Next.
type OffsetRange struct {
	First int64 `json:"first"`
	Next  int64 `json:"next"`
}

// ProgressKey returns the key of a sink's progress object for a partition.
func ProgressKey(sink, topic string, partition int32) string {
	return fmt.Sprintf("_progress/v1/%s/%s/%05d.json", sink, topic, partition)
}

// errOtherDecision means that another copy of the sink has decided on another end
// for the same chunk. The sink has to start again from the stored progress.
var errOtherDecision = errors.New("another copy of this sink has decided on another end of the chunk")

// errConflict means that the progress object has changed since it was loaded. It
// is loaded again.
var errConflict = errors.New("progress has changed")

// progress reads and advances one progress object. It is for one goroutine.
type progress struct {
	bucket Bucket
	key    string
	stored *Progress // nil: there is no object yet
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

// swap replaces the loaded progress by next. If the object has changed meanwhile,
// it loads the object again and returns errConflict.
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
	if err != nil { // if the write was carried out nevertheless, the next attempt conflicts with it
		return fmt.Errorf("save progress: %w", err)
	}
	p.stored, p.etag = &next, object.ETag
	return nil
}

func (p *progress) reload(ctx context.Context) error {
	existed := p.stored != nil
	if err := p.load(ctx); err != nil {
		return err
	}
	if existed && p.stored == nil {
		return fmt.Errorf("progress %s has been deleted", p.key)
	}
	return errConflict
}

// decide stores the chunk's end before its first file is uploaded. archived
// reports that another copy has archived these records, perhaps in other chunks:
// then nothing of this chunk may be uploaded. Returns errOtherDecision if another
// copy has decided on another end.
func (p *progress) decide(ctx context.Context, c Chunk) (archived bool, err error) {
	decision := OffsetRange{c.First, c.Next}
	for {
		switch s := p.stored; {
		case s != nil && s.NextOffset >= c.Next:
			return true, nil
		case s != nil && s.NextOffset > c.First: // an archived chunk ends within this one
			return false, errOtherDecision
		case s != nil && s.Decided != nil && s.Decided.Next > c.First: // else it was for a topic that was lost since
			if *s.Decided != decision {
				return false, errOtherDecision
			}
			return false, nil
		}
		next := Progress{NextOffset: c.First, Decided: &decision}
		if err := p.swap(ctx, next); !errors.Is(err, errConflict) {
			return false, err
		}
	}
}

// finish advances the progress past a chunk whose files are all uploaded.
func (p *progress) finish(ctx context.Context, c Chunk) error {
	for p.stored == nil || p.stored.NextOffset < c.Next {
		if err := p.swap(ctx, Progress{NextOffset: c.Next}); err != nil && !errors.Is(err, errConflict) {
			return err
		}
	}
	return nil
}
