package archive

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
)

// Format says what a sink's files look like.
type Format interface {
	// Name of the sink, in its group, its progress and its metrics.
	Name() string
	// NewEncoder makes an encoder. It is used for many files, one at a time.
	NewEncoder() (Encoder, error)
}

// Encoder turns one region's records of a chunk into files.
type Encoder interface {
	// Encode reads all records and creates files in out. Their keys and bytes are
	// a function of the other arguments alone: no clock, no host, no chance.
	Encode(chunk Chunk, region string, records *Records, out *Output) error
}

// Output takes what an encoder makes of one chunk.
type Output struct {
	ctx     context.Context
	dir     string
	chunk   Chunk
	files   []*File
	dead    deadLetters
	skipped int
}

// File is a file on its way to the bucket.
type File struct {
	Key   string
	Table string // for metrics: what its rows are
	Rows  int64
	*bufio.Writer
	file *os.File
	size int64
}

const fileBuffer = 256 << 10

// Create makes a file. The encoder counts its rows; one without is not uploaded.
func (o *Output) Create(key, table string) (*File, error) {
	file, err := tempFile(o.dir)
	if err != nil {
		return nil, fmt.Errorf("make file for %s: %w", key, err)
	}
	f := &File{Key: key, Table: table, Writer: bufio.NewWriterSize(file, fileBuffer), file: file}
	o.files = append(o.files, f)
	return f, nil
}

// Skip notes a record that is in no file.
func (o *Output) Skip() { o.skipped++ }

// Refuse sends a record that is no event to the dead-letter topic. It is there
// at least once: a sink that is killed before the chunk is done sends it again.
func (o *Output) Refuse(r Record, why error) error {
	o.skipped++
	return o.dead.add(o.ctx, o.chunk, r, why)
}

func (f *File) seal() error {
	err := f.Flush()
	f.Writer = nil
	if err == nil {
		var info os.FileInfo
		if info, err = f.file.Stat(); err == nil {
			f.size = info.Size()
		}
	}
	if err != nil {
		return fmt.Errorf("write file for %s: %w", f.Key, err)
	}
	return nil
}

func (f *File) body() objstore.Body { return f.file }

func (o *Output) close() {
	for _, f := range o.files {
		_ = f.file.Close()
	}
}

// deadLetters sends refused records in batches, so that a flood of them takes
// neither memory nor a round trip each.
type deadLetters struct {
	send  func(ctx context.Context, records []*kgo.Record) error
	batch []*kgo.Record
	bytes int
}

const (
	deadBatch      = 100
	deadBatchBytes = 1 << 20
)

func (d *deadLetters) add(ctx context.Context, c Chunk, r Record, why error) error {
	letter := kafka.DeadLetter(c.Topic, c.Partition, r.Offset, r.Key, r.Value, why)
	d.batch = append(d.batch, letter)
	d.bytes += len(letter.Value)
	if len(d.batch) >= deadBatch || d.bytes >= deadBatchBytes {
		return d.flush(ctx)
	}
	return nil
}

func (d *deadLetters) flush(ctx context.Context) error {
	if len(d.batch) == 0 {
		return nil
	}
	if err := d.send(ctx, d.batch); err != nil {
		return fmt.Errorf("send dead letters: %w", err)
	}
	d.batch, d.bytes = d.batch[:0], 0
	return nil
}
