package tier

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// file is a file of batches: a segment of kfake's, or a file of the tier.
type file struct {
	path      string
	base, end int64 // offsets from base up to but not including end; end of kfake's open segment: unknown
	maxTime   int64 // ms; of kfake's segments: unknown
	size      int64
	compacted bool
}

const unknown = int64(1)<<62 - 1

// name returns the name of a file of the tier. It has all the metadata of the file.
func (f file) name() string {
	suffix := ".log"
	if f.compacted {
		suffix = ".compacted"
	}
	return fmt.Sprintf("%d-%d-%d%s", f.base, f.end, f.maxTime, suffix)
}

func parseName(name string) (file, bool) {
	f := file{compacted: strings.HasSuffix(name, ".compacted")}
	if !f.compacted && !strings.HasSuffix(name, ".log") {
		return f, false
	}
	parts := strings.Split(strings.TrimSuffix(name, filepath.Ext(name)), "-")
	if len(parts) != 3 {
		return f, false
	}
	for i, field := range []*int64{&f.base, &f.end, &f.maxTime} {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil {
			return f, false
		}
		*field = n
	}
	return f, f.base < f.end
}

// loadFiles lists the files in a partition's folder of the tier. It removes what a killed
// compaction left: incomplete files, and files whose offsets are in the range of another.
func loadFiles(dir string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []file
	for _, e := range entries {
		f, ok := parseName(e.Name())
		f.path = filepath.Join(dir, e.Name())
		if !ok {
			if err := os.Remove(f.path); err != nil {
				return nil, err
			}
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		f.size = info.Size()
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.base, b.base), cmp.Compare(b.end, a.end), compareBool(b.compacted, a.compacted))
	})
	kept := all[:0]
	for _, f := range all {
		if n := len(kept); n > 0 && f.end <= kept[n-1].end {
			if err := os.Remove(f.path); err != nil {
				return nil, err
			}
			continue
		}
		kept = append(kept, f)
	}
	return kept, nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// brokerSegments lists kfake's segments of a partition. The last is the open one.
func brokerSegments(dir string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range entries {
		base, err := strconv.ParseInt(strings.TrimSuffix(e.Name(), ".dat"), 10, 64)
		if err != nil || filepath.Ext(e.Name()) != ".dat" {
			continue
		}
		files = append(files, file{path: filepath.Join(dir, e.Name()), base: base, end: unknown, maxTime: unknown})
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.base, b.base) })
	for i := range files[:max(len(files)-1, 0)] {
		files[i].end = files[i+1].base
	}
	return files, nil
}
