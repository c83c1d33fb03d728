package tier

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
)

// retryIfMoved calls fn again if a file was removed meanwhile: then it was moved to the
// tier or compacted, and its records are in another file.
func retryIfMoved[T any](fn func() (T, error)) (T, error) {
	for range 3 {
		if v, err := fn(); !errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
	}
	return fn()
}

// read returns whole batches of one file, from the batch that contains offset or, if
// compaction has removed it, the next one: at most limit bytes, but at least one batch.
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
	err = scanHeaders(in, size, func(h header, fileOffset int64) error {
		if h.last < offset {
			return nil
		}
		if from < 0 {
			from, to = fileOffset, fileOffset
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

// timedOffset is the offset and time of a record.
type timedOffset struct{ offset, time int64 }

// findByTime returns the first record at or after a time (ms), or nil if there is none.
func findByTime(files []file, time int64) (*timedOffset, error) {
	// Broker time does not go backwards, so the files are sorted by time too.
	for _, f := range files {
		if f.maxTime < time {
			continue
		}
		if found, err := f.findByTime(time); err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

func (f file) findByTime(time int64) (found *timedOffset, err error) {
	in, size, err := f.open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	err = scanHeaders(in, size, func(h header, fileOffset int64) error {
		if h.maxTime < time {
			return nil
		}
		raw := make([]byte, h.size)
		if _, err := in.ReadAt(raw, fileOffset); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return decodeRecords(raw, func(r record) error {
			if r.time < time {
				return nil
			}
			found = &timedOffset{r.offset, r.time}
			return errStop
		})
	})
	return found, err
}

// maxRecordTime returns the highest record time in ms, or -1 if there are no records.
func maxRecordTime(files []file) (int64, error) {
	highest := int64(-1)
	for i := len(files) - 1; i >= 0 && highest < 0; i-- {
		in, size, err := files[i].open()
		if err != nil {
			return 0, err
		}
		err = scanHeaders(in, size, func(h header, _ int64) error {
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
