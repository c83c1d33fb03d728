// Package raw archives the log's own bytes: one record's value a line, zstd.
//
// A file takes what is a JSON object. Whether it is an event is not asked: a
// type that only a later version knows is kept. Bytes that are no JSON at all
// would spoil the file for every reader; they are in the dead-letter topic,
// where package parquet sends them. A repeat of an event in the log is a repeat
// here too.
package raw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"tabiya/sinks/archive"
)

// Name of the sink, in its group, its progress and its metrics.
const Name = "raw"

// New makes the sink.
func New(cfg archive.Config) (*archive.Sink, error) { return archive.New(cfg, format{}) }

// Key of a chunk's file in a region.
func Key(c archive.Chunk, region string) string {
	return fmt.Sprintf("raw/v1/topic=%s/%s/%s.ndjson.zst", c.Topic, c.Folder(region), c.Name())
}

type format struct{}

func (format) Name() string { return Name }

func (format) NewEncoder() (archive.Encoder, error) {
	// One goroutine: the same input gives the same bytes.
	// The fastest level: on events it is a fifth less work, and 4 % smaller.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return &encoder{zstd: z}, nil
}

type encoder struct {
	zstd *zstd.Encoder
	line bytes.Buffer
}

// window is how far back a line may refer. zstd by itself takes 8 MiB and keeps
// them twice; events do not repeat over such a distance.
const window = 1 << 20

func (e *encoder) Encode(c archive.Chunk, region string, records *archive.Records, out *archive.Output) error {
	file, err := out.Create(Key(c, region), Name)
	if err != nil {
		return err
	}
	e.zstd.Reset(file)
	defer e.zstd.Reset(nil)
	var rec archive.Record
	for records.Next(&rec) {
		line, ok := e.oneLine(rec.Value)
		if !ok {
			out.Skip()
			continue
		}
		if err := write(e.zstd, line); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		file.Rows++
	}
	if err := e.zstd.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return nil
}

func write(w io.Writer, line []byte) error {
	if _, err := w.Write(line); err != nil {
		return err
	}
	_, err := w.Write([]byte{'\n'})
	return err
}

// oneLine gives a JSON object as one line: as it is, unless somebody has written
// it over several.
func (e *encoder) oneLine(value []byte) ([]byte, bool) {
	first := bytes.TrimLeft(value, " \t\r\n")
	if len(first) == 0 || first[0] != '{' || !utf8.Valid(value) ||
		!jsontext.Value(value).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) { // RFC 8259 and no more
		return nil, false
	}
	if bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return value, true
	}
	e.line.Reset()
	if err := json.Compact(&e.line, value); err != nil {
		return nil, false
	}
	return e.line.Bytes(), true
}
