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

// Record is one record of a chunk. Key and Value are valid until the next record
// is read.
type Record struct {
	Offset     int64
	BrokerTime int64 // Unix milliseconds
	Key        []byte
	Value      []byte
}

// spillFile holds the records of one chunk on disk until the chunk is archived.
// The file has no name, so a killed process leaves nothing behind.
//
// A record is written as offset and broker time (8 bytes each), region index (1),
// length of key and of value (4 each), key, value.
type spillFile struct {
	file    *os.File
	w       *bufio.Writer // nil once sealed
	header  [spillHeaderSize]byte
	bytes   int64
	waiting prometheus.Gauge // bytes of sealed spill files; may be nil
}

const (
	spillHeaderSize = 8 + 8 + 1 + 4 + 4
	spillBufferSize = 64 << 10
)

func newSpillFile(dir string, waiting prometheus.Gauge) (*spillFile, error) {
	file, err := unnamedFile(dir)
	if err != nil {
		return nil, fmt.Errorf("create spill file: %w", err)
	}
	return &spillFile{file: file, w: bufio.NewWriterSize(file, spillBufferSize), waiting: waiting}, nil
}

// unnamedFile creates a file that is removed when it is closed.
func unnamedFile(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "tabiya-chunk-*")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func (s *spillFile) append(region int, r Record) error {
	h := s.header[:]
	binary.LittleEndian.PutUint64(h, uint64(r.Offset))
	binary.LittleEndian.PutUint64(h[8:], uint64(r.BrokerTime))
	h[16] = byte(region)
	binary.LittleEndian.PutUint32(h[17:], uint32(len(r.Key)))
	binary.LittleEndian.PutUint32(h[21:], uint32(len(r.Value)))
	s.bytes += int64(spillHeaderSize + len(r.Key) + len(r.Value))
	// bufio.Writer keeps its first error and returns it from every later call.
	_, _ = s.w.Write(h)
	_, _ = s.w.Write(r.Key)
	if _, err := s.w.Write(r.Value); err != nil {
		return fmt.Errorf("write spill file: %w", err)
	}
	return nil
}

// seal ends writing. The records can be read afterwards.
func (s *spillFile) seal() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write spill file: %w", err)
	}
	s.w = nil
	if s.waiting != nil {
		s.waiting.Add(float64(s.bytes))
	}
	return nil
}

// close closes and so removes the file.
func (s *spillFile) close() {
	_ = s.file.Close()
	if s.w == nil && s.waiting != nil {
		s.waiting.Sub(float64(s.bytes))
	}
}

// records returns the records of one region of a sealed file. They are read
// through buffer.
func (s *spillFile) records(region int, buffer *bufio.Reader) *Records {
	buffer.Reset(io.NewSectionReader(s.file, 0, s.bytes))
	return &Records{r: buffer, region: byte(region)}
}

// Records reads one region's records of a chunk in offset order.
type Records struct {
	r      *bufio.Reader
	region byte
	header [spillHeaderSize]byte
	buf    []byte
	read   int
	err    error
}

// yieldEvery is the number of records after which an encoder yields. A file is a
// second of work, and the runtime alone would preempt it only every 10 ms.
const yieldEvery = 32

// Next reads the next record into rec. It returns false at the end or on an
// error, see Err.
func (rs *Records) Next(rec *Record) bool {
	for rs.err == nil {
		if rs.read++; rs.read%yieldEvery == 0 {
			runtime.Gosched()
		}
		h := rs.header[:]
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
		rec.BrokerTime = int64(binary.LittleEndian.Uint64(h[8:]))
		rec.Key, rec.Value = rs.buf[:key:key], rs.buf[key:]
		return true
	}
	return false
}

// Err returns the error that ended the reading, or nil at the end of the records.
func (rs *Records) Err() error {
	if rs.err == nil || errors.Is(rs.err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read spill file: %w", rs.err)
}
