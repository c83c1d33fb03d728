package tier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// maxLag caps a topic's min.compaction.lag.ms. The lag protects processors that
	// outlive their broker, but these end together with it.
	maxLag = time.Minute
	// minDirty is the size of new records at which a log is compacted. A larger log is
	// compacted when it has doubled, as in Kafka (min.cleanable.dirty.ratio 0.5).
	minDirty = 16 << 20
	// groupSize is the size from which a compacted file takes no further file.
	groupSize = 8 << 20
	// deleteRetention is how long tombstones are kept; Kafka's default.
	deleteRetention = 24 * time.Hour
)

// compact rewrites the tier's files of a compacted topic so that each key keeps only its
// last record. Files newer than the topic's compaction lag are ignored.
func (t *Tier) compact(ctx context.Context, p *partition) error {
	files := p.tierFiles()
	if len(files) == 0 || !t.compacted(p.topic) {
		return nil
	}
	lag := min(t.configInt(p.topic, "min.compaction.lag.ms", 0), maxLag.Milliseconds())
	now := time.Now().UnixMilli()
	var dirty, clean int64
	n := 0
	for ; n < len(files) && files[n].maxTime <= now-lag; n++ {
		if files[n].compacted {
			clean += files[n].size
		} else {
			dirty += files[n].size
		}
	}
	if dirty < max(minDirty, clean) {
		return nil
	}
	if err := p.rewrite(ctx, files[:n], now-deleteRetention.Milliseconds()); err != nil {
		return fmt.Errorf("compact %s/%d: %w", p.topic, p.partition, err)
	}
	return nil
}

func (p *partition) rewrite(ctx context.Context, files []file, tombstonesBefore int64) error {
	last := make(map[string]int64) // key to the offset of its last record
	for _, f := range files {
		err := eachRecord(ctx, f, func(r record) error {
			last[string(r.Key)] = r.offset
			return nil
		})
		if err != nil {
			return err
		}
	}
	survives := func(r record) bool {
		if r.Key == nil || last[string(r.Key)] != r.offset {
			return false
		}
		return r.Value != nil || r.time >= tombstonesBefore
	}
	for len(files) > 0 {
		n, err := p.rewriteGroup(ctx, files, survives)
		if err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// rewriteGroup rewrites the first files into one, and returns how many files that were.
func (p *partition) rewriteGroup(ctx context.Context, files []file, survives func(record) bool) (n int, err error) {
	out, err := newWriter(filepath.Join(p.dir, "unfinished"))
	if err != nil {
		return 0, err
	}
	defer out.discard()
	merged := file{base: files[0].base, compacted: true}
	for n < len(files) && out.size < groupSize {
		f := files[n]
		err := eachRecord(ctx, f, func(r record) error {
			if !survives(r) {
				return nil
			}
			return out.add(r)
		})
		if err != nil {
			return 0, err
		}
		merged.end, merged.maxTime = f.end, max(merged.maxTime, f.maxTime)
		n++
	}
	merged.path = filepath.Join(p.dir, merged.name())
	if merged.size, err = out.finish(merged.path); err != nil {
		return 0, err
	}
	return n, p.replace(files[:n], merged)
}

// replace replaces old by merged in the list of files, then removes the old files. After
// a kill in between, the next start removes them.
func (p *partition) replace(old []file, merged file) error {
	p.mu.Lock()
	var before, after []file
	for _, f := range p.files {
		switch {
		case f.end <= merged.base:
			before = append(before, f)
		case f.base >= merged.end:
			after = append(after, f)
		}
	}
	p.files = slices.Concat(before, []file{merged}, after)
	p.mu.Unlock()
	var failed []error
	for _, f := range old {
		if f.path != merged.path {
			failed = append(failed, os.Remove(f.path))
		}
	}
	return errors.Join(failed...)
}

// eachRecord calls fn with every record of a file.
func eachRecord(ctx context.Context, f file, fn func(record) error) error {
	in, size, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	return scanBatches(in, size, func(raw []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return decodeRecords(raw, fn)
	})
}
