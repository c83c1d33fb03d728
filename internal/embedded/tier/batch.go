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

// headerSize is the size of the header of a v2 record batch (KIP-98).
const headerSize = 61

// header has the fields of a batch's header that the tier needs.
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
		return header{}, fmt.Errorf("corrupt batch at offset %d", h.base)
	}
	return h, nil
}

// errStop ends a scan without an error.
var errStop = errors.New("stop")

// scanHeaders calls fn with the header of each batch and its offset in the file, until
// fn returns errStop. An incomplete batch at the end is ignored.
func scanHeaders(r io.ReaderAt, size int64, fn func(h header, fileOffset int64) error) error {
	return scan(r, size, func(in *bufio.Reader, h header, fileOffset int64) error {
		if err := fn(h, fileOffset); err != nil {
			return err
		}
		_, err := in.Discard(h.size)
		return err
	})
}

// scanBatches calls fn with the bytes of each batch, which are valid until fn returns.
func scanBatches(r io.ReaderAt, size int64, fn func(raw []byte) error) error {
	var raw []byte
	return scan(r, size, func(in *bufio.Reader, h header, _ int64) error {
		raw = slices.Grow(raw[:0], h.size)[:h.size]
		if _, err := io.ReadFull(in, raw); err != nil {
			return err
		}
		return fn(raw)
	})
}

// scan calls fn at each batch. fn must read or discard the whole batch from in.
func scan(r io.ReaderAt, size int64, fn func(in *bufio.Reader, h header, fileOffset int64) error) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)
	for fileOffset := int64(0); fileOffset+headerSize <= size; {
		raw, err := in.Peek(headerSize)
		if err != nil {
			return err
		}
		h, err := parseHeader(raw)
		if err != nil {
			return err
		}
		if fileOffset+int64(h.size) > size {
			return nil
		}
		if err := fn(in, h, fileOffset); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
		fileOffset += int64(h.size)
	}
	return nil
}

// record is a record with its offset and time.
type record struct {
	kmsg.Record
	offset, time int64 // time in ms
}

// decodeRecords calls fn with each record of a batch.
func decodeRecords(raw []byte, fn func(record) error) error {
	var b kmsg.RecordBatch
	if err := b.ReadFrom(raw); err != nil {
		return fmt.Errorf("decode batch: %w", err)
	}
	body, err := kgo.DefaultDecompressor().Decompress(b.Records, kgo.CompressionCodecType(b.Attributes&0x07))
	if err != nil {
		return fmt.Errorf("decompress batch at offset %d: %w", b.FirstOffset, err)
	}
	for range b.NumRecords {
		r := kmsg.NewRecord()
		if err := r.ReadFrom(body); err != nil {
			return fmt.Errorf("decode record of the batch at offset %d: %w", b.FirstOffset, err)
		}
		length, n := binary.Varint(body)
		body = body[int(length)+n:]
		if err := fn(record{r, b.FirstOffset + int64(r.OffsetDelta), b.FirstTimestamp + r.TimestampDelta64}); err != nil {
			return err
		}
	}
	return nil
}
