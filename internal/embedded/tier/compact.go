package tier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	// maxLag caps a topic's min.compaction.lag.ms, which is there for the sake of
	// owners that live on without their broker: here both end together.
	maxLag = time.Minute
	// minDirty is how much has to have come before a compaction pays; a log that
	// is larger waits for as much as itself, as Kafka's does.
	minDirty = 16 << 20
	// groupSize is what one output file takes together.
	groupSize = 8 << 20
	// tombstones stay for the time that Kafka keeps them by default.
	deleteRetention = 24 * time.Hour
)

// compact rewrites our part of a compacted topic so that each key keeps its last
// record. Files newer than the topic's lag are not touched, and do not count.
func (t *Tier) compact(ctx context.Context, p *part) error {
	files := p.list()
	if len(files) == 0 || !t.compacted(p.topic) {
		return nil
	}
	lag := min(t.setting(p.topic, "min.compaction.lag.ms", 0), maxLag.Milliseconds())
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

func (p *part) rewrite(ctx context.Context, files []file, tombstonesBefore int64) error {
	last := make(map[string]int64) // key to the offset of its last record
	for _, f := range files {
		err := each(ctx, f, func(r record) error {
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

// rewriteGroup makes one file of the first few, and reports of how many.
func (p *part) rewriteGroup(ctx context.Context, files []file, survives func(record) bool) (n int, err error) {
	out, err := newWriter(filepath.Join(p.dir, "unfinished"))
	if err != nil {
		return 0, err
	}
	defer out.abandon()
	made := file{base: files[0].base, compacted: true}
	for n < len(files) && out.size < groupSize {
		f := files[n]
		err := each(ctx, f, func(r record) error {
			if !survives(r) {
				return nil
			}
			return out.add(r)
		})
		if err != nil {
			return 0, err
		}
		made.end, made.maxTime = f.end, max(made.maxTime, f.maxTime)
		n++
	}
	made.path = filepath.Join(p.dir, made.name())
	if made.size, err = out.finish(made.path); err != nil {
		return 0, err
	}
	return n, p.replace(files[:n], made)
}

// replace puts made in the place of old, then removes what old were. A kill in
// between leaves files that the next start clears.
func (p *part) replace(old []file, made file) error {
	p.mu.Lock()
	kept := []file{made}
	for _, f := range p.files {
		if f.base >= made.end {
			kept = append(kept, f)
		}
	}
	var before []file
	for _, f := range p.files {
		if f.end <= made.base {
			before = append(before, f)
		}
	}
	p.files = append(before, kept...)
	p.mu.Unlock()
	var failed []error
	for _, f := range old {
		if f.path != made.path {
			failed = append(failed, os.Remove(f.path))
		}
	}
	return errors.Join(failed...)
}

// each calls fn with every record of a file.
func each(ctx context.Context, f file, fn func(record) error) error {
	in, size, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	return batches(in, size, func(raw []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return records(raw, fn)
	})
}
