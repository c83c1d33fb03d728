package tier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// moveSegments links the partition's closed segments into the tier's folder, and deletes
// from kfake those that an earlier sweep has linked.
func (t *Tier) moveSegments(p *partition) error {
	if err := t.trimBroker(p); err != nil {
		return err
	}
	segments, err := brokerSegments(p.brokerDir)
	if err != nil || len(segments) < 2 {
		return err
	}
	var linked []file
	for _, s := range segments[:len(segments)-1] {
		if s.base < p.linkedUpTo {
			continue // linked, but not yet deleted from kfake
		}
		info, err := os.Stat(s.path)
		if err != nil {
			return err
		}
		if time.Since(info.ModTime()) < t.cfg.Settle {
			break
		}
		f, err := p.link(s, info.Size())
		if err != nil {
			return fmt.Errorf("link %s/%d at offset %d: %w", p.topic, p.partition, s.base, err)
		}
		linked = append(linked, f)
	}
	if len(linked) > 0 {
		p.mu.Lock()
		p.files = append(append([]file(nil), p.files...), linked...)
		p.mu.Unlock()
		p.linkedUpTo = linked[len(linked)-1].end
	}
	return nil
}

// trimBroker deletes the linked records from kfake.
func (t *Tier) trimBroker(p *partition) error {
	if p.linkedUpTo == p.trimmedUpTo {
		return nil
	}
	info := t.cluster.PartitionInfo(p.topic, p.partition)
	if info != nil && info.LogStartOffset < p.linkedUpTo {
		if err := t.cluster.DeleteRecords(p.topic, p.partition, p.linkedUpTo); err != nil {
			return fmt.Errorf("trim %s/%d below offset %d: %w", p.topic, p.partition, p.linkedUpTo, err)
		}
	}
	p.trimmedUpTo = p.linkedUpTo
	return nil
}

// link links one segment into the tier's folder. Returns an error if the segment does not
// have all offsets up to the next one.
func (p *partition) link(s file, size int64) (file, error) {
	in, err := os.Open(s.path)
	if err != nil {
		return file{}, err
	}
	defer in.Close()
	f := file{base: s.base, end: s.end, size: size}
	next := s.base
	err = scanHeaders(in, size, func(h header, _ int64) error {
		if h.base != next {
			return fmt.Errorf("gap before offset %d", h.base)
		}
		next = h.last + 1
		f.maxTime = max(f.maxTime, h.maxTime)
		return nil
	})
	if err == nil && next != s.end {
		err = fmt.Errorf("segment ends at offset %d, but the next one begins at %d", next, s.end)
	}
	if err != nil {
		return file{}, err
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return file{}, err
	}
	f.path = filepath.Join(p.dir, f.name())
	if err := os.Link(s.path, f.path); err != nil && !errors.Is(err, fs.ErrExist) {
		return file{}, err
	}
	return f, nil
}
