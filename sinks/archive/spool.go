package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// Record is one record of a chunk. Its slices are valid until the next one is
// read.
type Record struct {
	Offset int64
	At     int64 // broker time, ms
	Key    []byte
	Value  []byte
}

// A spool holds a chunk's records on disk until the chunk is closed. Its file
// has no name, so a killed process leaves nothing behind.
//
// A frame is offset and broker time (8 bytes each), region index (1), length of
// key and of value (4 each), key, value.
type spool struct {
	file  *os.File
	w     *bufio.Writer
	head  [frameHead]byte
	bytes int64
	held  prometheus.Gauge // bytes of sealed spools, if not nil
}

const (
	frameHead   = 8 + 8 + 1 + 4 + 4
	spoolBuffer = 64 << 10
)

func newSpool(dir string, held prometheus.Gauge) (*spool, error) {
	file, err := tempFile(dir)
	if err != nil {
		return nil, fmt.Errorf("make spool: %w", err)
	}
	return &spool{file: file, w: bufio.NewWriterSize(file, spoolBuffer), held: held}, nil
}

// tempFile makes a file that is gone when it is closed.
func tempFile(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "tabiya-chunk-*")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func (s *spool) add(region int, r Record) error {
	h := s.head[:]
	binary.LittleEndian.PutUint64(h, uint64(r.Offset))
	binary.LittleEndian.PutUint64(h[8:], uint64(r.At))
	h[16] = byte(region)
	binary.LittleEndian.PutUint32(h[17:], uint32(len(r.Key)))
	binary.LittleEndian.PutUint32(h[21:], uint32(len(r.Value)))
	s.bytes += int64(frameHead + len(r.Key) + len(r.Value))
	// bufio keeps the first error and gives it again at every later call.
	_, _ = s.w.Write(h)
	_, _ = s.w.Write(r.Key)
	if _, err := s.w.Write(r.Value); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	return nil
}

// seal ends writing.
func (s *spool) seal() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write spool: %w", err)
	}
	s.w = nil
	if s.held != nil {
		s.held.Add(float64(s.bytes))
	}
	return nil
}

func (s *spool) close() {
	_ = s.file.Close()
	if s.w == nil && s.held != nil {
		s.held.Sub(float64(s.bytes))
	}
}

// Records reads one region's records of a sealed spool in offset order.
type Records struct {
	r      *bufio.Reader
	region byte
	head   [frameHead]byte
	buf    []byte
	read   int
	err    error
}

// yieldEvery is after how many records an encoder lets others go first: a file
// is a second of work, and the runtime would take the processor away only every
// 10 ms.
const yieldEvery = 32

func (s *spool) records(region int, r *bufio.Reader) *Records {
	r.Reset(io.NewSectionReader(s.file, 0, s.bytes))
	return &Records{r: r, region: byte(region)}
}

// Next reads a record; false at the end or on an error, see Err.
func (rs *Records) Next(rec *Record) bool {
	for rs.err == nil {
		if rs.read++; rs.read%yieldEvery == 0 {
			runtime.Gosched()
		}
		h := rs.head[:]
		if _, err := io.ReadFull(rs.r, h); err != nil {
			rs.err = err
			return false
		}
		key, value := int(binary.LittleEndian.Uint32(h[17:])), int(binary.LittleEndian.Uint32(h[21:]))
		if h[16] != rs.region {
			_, rs.err = rs.r.Discard(key + value)
			continue
		}
		if cap(rs.buf) < key+value {
			rs.buf = make([]byte, key+value, 2*(key+value))
		}
		rs.buf = rs.buf[:key+value]
		if _, rs.err = io.ReadFull(rs.r, rs.buf); rs.err != nil {
			return false
		}
		rec.Offset = int64(binary.LittleEndian.Uint64(h))
		rec.At = int64(binary.LittleEndian.Uint64(h[8:]))
		rec.Key, rec.Value = rs.buf[:key:key], rs.buf[key:]
		return true
	}
	return false
}

// Err is what ended the reading, nil for the end of the records.
func (rs *Records) Err() error {
	if rs.err == nil || errors.Is(rs.err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read spool: %w", rs.err)
}
