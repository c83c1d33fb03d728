package tier

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// headerSize is the size of a v2 record batch up to its records (KIP-98).
const headerSize = 61

// header is what is needed of a batch's head.
type header struct {
	base, last int64 // offsets
	maxTime    int64 // ms
	size       int   // of the whole batch
}

func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize {
		return header{}, io.ErrUnexpectedEOF
	}
	h := header{
		base:    int64(binary.BigEndian.Uint64(b)),
		maxTime: int64(binary.BigEndian.Uint64(b[35:])),
		size:    12 + int(int32(binary.BigEndian.Uint32(b[8:]))),
	}
	h.last = h.base + int64(int32(binary.BigEndian.Uint32(b[23:])))
	if h.size < headerSize || h.last < h.base {
		return header{}, fmt.Errorf("batch at offset %d is damaged", h.base)
	}
	return h, nil
}

// errStop ends a scan early.
var errStop = errors.New("stop")

// scan calls fn with each batch's head and place, until fn gives errStop. A batch
// that is cut off at the end is not there.
func scan(r io.ReaderAt, size int64, fn func(h header, at int64) error) error {
	return walk(r, size, func(in *bufio.Reader, h header, at int64) error {
		if err := fn(h, at); err != nil {
			return err
		}
		_, err := in.Discard(h.size)
		return err
	})
}

// batches calls fn with the bytes of each batch, which are good until it returns.
// It reads each byte once.
func batches(r io.ReaderAt, size int64, fn func(raw []byte) error) error {
	var raw []byte
	return walk(r, size, func(in *bufio.Reader, h header, _ int64) error {
		raw = slices.Grow(raw[:0], h.size)[:h.size]
		if _, err := io.ReadFull(in, raw); err != nil {
			return err
		}
		return fn(raw)
	})
}

// walk calls fn before each batch, of which it must take the bytes off in.
func walk(r io.ReaderAt, size int64, fn func(in *bufio.Reader, h header, at int64) error) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)
	for at := int64(0); at+headerSize <= size; {
		head, err := in.Peek(headerSize)
		if err != nil {
			return err
		}
		h, err := parseHeader(head)
		if err != nil {
			return err
		}
		if at+int64(h.size) > size {
			return nil
		}
		if err := fn(in, h, at); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
		at += int64(h.size)
	}
	return nil
}

// record is a record with its place and time.
type record struct {
	kmsg.Record
	offset, time int64
}

// records takes a batch apart.
func records(raw []byte, fn func(record) error) error {
	var b kmsg.RecordBatch
	if err := b.ReadFrom(raw); err != nil {
		return fmt.Errorf("read batch: %w", err)
	}
	body, err := kgo.DefaultDecompressor().Decompress(b.Records, kgo.CompressionCodecType(b.Attributes&0x07))
	if err != nil {
		return fmt.Errorf("decompress batch at offset %d: %w", b.FirstOffset, err)
	}
	for range b.NumRecords {
		r := kmsg.NewRecord()
		if err := r.ReadFrom(body); err != nil {
			return fmt.Errorf("read record of the batch at offset %d: %w", b.FirstOffset, err)
		}
		length, n := binary.Varint(body)
		body = body[int(length)+n:]
		if err := fn(record{r, b.FirstOffset + int64(r.OffsetDelta), b.FirstTimestamp + r.TimestampDelta64}); err != nil {
			return err
		}
	}
	return nil
}
