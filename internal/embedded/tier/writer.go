package tier

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// batchSize is the approximate size of the batches in a compacted file.
const batchSize = 128 << 10

// writer writes records to a compacted file, with their original offsets.
type writer struct {
	file *os.File
	size int64 // including the pending batch

	first   record // of the pending batch, as the fields below
	last    record
	maxTime int64
	count   int32
	body    []byte
}

func newWriter(path string) (*writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &writer{file: f}, nil
}

func (w *writer) add(r record) error {
	if w.count > 0 && (len(w.body) >= batchSize || r.offset-w.first.offset > math.MaxInt32) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.count == 0 {
		w.first, w.maxTime = r, r.time
	}
	w.last, w.maxTime = r, max(w.maxTime, r.time)
	w.count++
	before := len(w.body)
	w.body = appendRecord(w.body, r, int32(r.offset-w.first.offset), r.time-w.first.time)
	w.size += int64(len(w.body) - before)
	return nil
}

// appendRecord appends a record with new deltas, after its length.
func appendRecord(b []byte, r record, offsetDelta int32, timeDelta int64) []byte {
	rec := r.Record
	rec.OffsetDelta, rec.TimestampDelta64, rec.TimestampDelta, rec.Length = offsetDelta, timeDelta, int32(timeDelta), 0
	body := rec.AppendTo(nil)[1:] // without the length 0, which is one byte
	b = binary.AppendVarint(b, int64(len(body)))
	return append(b, body...)
}

func (w *writer) flush() error {
	if w.count == 0 {
		return nil
	}
	b := kmsg.RecordBatch{
		FirstOffset: w.first.offset, Magic: 2,
		LastOffsetDelta: int32(w.last.offset - w.first.offset),
		FirstTimestamp:  w.first.time, MaxTimestamp: w.maxTime,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: w.count, Records: w.body,
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	w.size += headerSize
	w.count, w.body = 0, w.body[:0]
	_, err := w.file.Write(raw)
	return err
}

// finish syncs the file to disk and renames it to path.
func (w *writer) finish(path string) (size int64, err error) {
	err = w.flush()
	if err == nil {
		err = w.file.Sync()
	}
	name := w.file.Name()
	if err := errors.Join(err, w.file.Close()); err != nil {
		return 0, err
	}
	w.file = nil
	return w.size, os.Rename(name, path)
}

// discard removes the file unless it is finished.
func (w *writer) discard() {
	if w.file != nil {
		w.file.Close()
		_ = os.Remove(w.file.Name()) // if this fails, the next start removes it
	}
}
