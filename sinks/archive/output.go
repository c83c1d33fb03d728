package archive

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"tabiya/internal/objstore"
)

// Format defines what a sink's files look like.
type Format interface {
	// Name returns the sink's name, as in its group, its progress and its metrics.
	Name() string
	// NewEncoder creates an encoder. It encodes many files, one at a time.
	NewEncoder() (Encoder, error)
}

// Encoder encodes one region's records of a chunk.
type Encoder interface {
	// Encode reads all records and creates files in out. The files' keys and bytes
	// are a function of the other arguments alone: no clock, no host name, nothing
	// random.
	Encode(chunk Chunk, region string, records *Records, out *Output) error
}

// Output collects the files and the rejected records of one chunk.
type Output struct {
	ctx         context.Context
	dir         string
	chunk       Chunk
	files       []*File
	deadLetters deadLetters
	skipped     int
}

// File is a local file that will be uploaded.
type File struct {
	Key           string
	Table         string // metric label
	Rows          int64
	*bufio.Writer // nil once sealed
	file          *os.File
	size          int64
}

const fileBufferSize = 256 << 10

// Create creates a file. The encoder counts its rows; a file without rows is not
// uploaded.
func (o *Output) Create(key, table string) (*File, error) {
	file, err := unnamedFile(o.dir)
	if err != nil {
		return nil, fmt.Errorf("create file for %s: %w", key, err)
	}
	f := &File{Key: key, Table: table, Writer: bufio.NewWriterSize(file, fileBufferSize), file: file}
	o.files = append(o.files, f)
	return f, nil
}

// Skip counts a record that is in no file.
func (o *Output) Skip() { o.skipped++ }

// Reject sends a record that is not an event to the dead-letter topic, at least
// once: a sink that is killed before the chunk's progress is stored sends it
// again.
func (o *Output) Reject(r Record, reason error) error {
	o.skipped++
	return o.deadLetters.add(o.ctx, o.chunk, r, reason)
}

// sealFiles ends writing to the files of the last region.
func (o *Output) sealFiles() error {
	for _, f := range o.files {
		if f.Writer != nil {
			if err := f.seal(); err != nil {
				return fmt.Errorf("write file for %s: %w", f.Key, err)
			}
		}
	}
	return nil
}

func (o *Output) close() {
	for _, f := range o.files {
		_ = f.file.Close()
	}
}

func (f *File) seal() error {
	err := f.Flush()
	f.Writer = nil
	if err != nil {
		return err
	}
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	return nil
}

func (f *File) body() objstore.Body { return f.file }
