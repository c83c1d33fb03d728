package tier

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
)

// retried does fn again if a file went away under it: it has been taken over,
// or compacted, and is there under another name.
func retried[T any](fn func() (T, error)) (T, error) {
	for range 3 {
		if v, err := fn(); !errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
	}
	return fn()
}

// read gives whole batches from the one that holds offset, or, in a gap of
// compaction, the next: at least one, else at most limit bytes, from one file.
func read(files []file, offset int64, limit int) ([]byte, error) {
	i := max(sort.Search(len(files), func(i int) bool { return files[i].base > offset })-1, 0)
	for ; i < len(files); i++ {
		if b, err := files[i].read(offset, limit); err != nil || len(b) > 0 {
			return b, err
		}
	}
	return nil, nil
}

func (f file) read(offset int64, limit int) ([]byte, error) {
	in, size, err := f.open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	from, to := int64(-1), int64(0)
	err = scan(in, size, func(h header, at int64) error {
		if h.last < offset {
			return nil
		}
		if from < 0 {
			from, to = at, at
		}
		if to > from && to-from+int64(h.size) > int64(limit) {
			return errStop
		}
		to += int64(h.size)
		return nil
	})
	if err != nil || from < 0 {
		return nil, err
	}
	b := make([]byte, to-from)
	_, err = in.ReadAt(b, from)
	return b, err
}

func (f file) open() (*os.File, int64, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, 0, err
	}
	info, err := in.Stat()
	if err != nil {
		in.Close()
		return nil, 0, err
	}
	return in, info.Size(), nil
}

// found is a record by its time.
type found struct{ offset, time int64 }

// after finds the first record at or after that time; nil if there is none.
func after(files []file, time int64) (*found, error) {
	// Broker time never runs back, so files are in the order of time, too.
	for _, f := range files {
		if f.maxTime < time {
			continue
		}
		if hit, err := f.after(time); err != nil || hit != nil {
			return hit, err
		}
	}
	return nil, nil
}

func (f file) after(time int64) (hit *found, err error) {
	in, size, err := f.open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	err = scan(in, size, func(h header, at int64) error {
		if h.maxTime < time {
			return nil
		}
		raw := make([]byte, h.size)
		if _, err := in.ReadAt(raw, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return records(raw, func(r record) error {
			if r.time < time {
				return nil
			}
			hit = &found{r.offset, r.time}
			return errStop
		})
	})
	return hit, err
}

// latest is the highest record time, -1 if there are no records.
func latest(files []file) (int64, error) {
	highest := int64(-1)
	for i := len(files) - 1; i >= 0 && highest < 0; i-- {
		in, size, err := files[i].open()
		if err != nil {
			return 0, err
		}
		err = scan(in, size, func(h header, _ int64) error {
			highest = max(highest, h.maxTime)
			return nil
		})
		in.Close()
		if err != nil {
			return 0, err
		}
	}
	return highest, nil
}
