package tier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// takeOver links the partition's closed segments into our folder, and cuts from
// kfake what was linked in an earlier sweep.
func (t *Tier) takeOver(p *part) error {
	if err := t.cutOff(p); err != nil {
		return err
	}
	segments, err := hot(p.hotDir)
	if err != nil || len(segments) < 2 {
		return err
	}
	var fresh []file
	for _, s := range segments[:len(segments)-1] {
		if s.base < p.taken {
			continue // linked, not yet cut
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
			return fmt.Errorf("take over %s/%d at offset %d: %w", p.topic, p.partition, s.base, err)
		}
		fresh = append(fresh, f)
	}
	if len(fresh) > 0 {
		p.mu.Lock()
		p.files = append(append([]file(nil), p.files...), fresh...)
		p.mu.Unlock()
		p.taken = fresh[len(fresh)-1].end
	}
	return nil
}

func (t *Tier) cutOff(p *part) error {
	if p.taken == p.cut {
		return nil
	}
	info := t.cluster.PartitionInfo(p.topic, p.partition)
	if info != nil && info.LogStartOffset < p.taken {
		if err := t.cluster.DeleteRecords(p.topic, p.partition, p.taken); err != nil {
			return fmt.Errorf("cut %s/%d below offset %d: %w", p.topic, p.partition, p.taken, err)
		}
	}
	p.cut = p.taken
	return nil
}

// link takes one segment over, if it holds what its name and the next one's say.
func (p *part) link(s file, size int64) (file, error) {
	in, err := os.Open(s.path)
	if err != nil {
		return file{}, err
	}
	defer in.Close()
	f := file{base: s.base, end: s.end, size: size}
	next := s.base
	err = scan(in, size, func(h header, _ int64) error {
		if h.base != next {
			return errors.New("a gap before offset " + strconv.FormatInt(h.base, 10))
		}
		next = h.last + 1
		f.maxTime = max(f.maxTime, h.maxTime)
		return nil
	})
	if err == nil && next != s.end {
		err = fmt.Errorf("it ends at offset %d, the next begins at %d", next, s.end)
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
