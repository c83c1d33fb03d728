package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"tabiya/sinks/archive"
)

const (
	// batchRows are handed to the Parquet writer at a time. Where pages end
	// depends on it, so it is part of what makes files the same byte for byte.
	batchRows = 512
	// rowGroupRows is what DuckDB reads best; a chunk has no more by default.
	rowGroupRows = 122_880
)

// table writes one table's files, one after the other. Each has a writer of its
// own: one that parquet-go 0.32.0 is made to use again forgets the columns'
// names in the footer (path_in_schema).
type table[R any] struct {
	name    string
	options []pq.WriterOption
	batch   []R
	n       int

	file   *archive.File // nil: none is open
	writer *pq.GenericWriter[R]
	chunk  archive.Chunk
	region string
	out    *archive.Output
}

func newTable[R any](name string, zstd *codec, blooms ...pq.BloomFilterColumn) *table[R] {
	return &table[R]{
		name:  name,
		batch: make([]R, batchRows),
		options: []pq.WriterOption{
			// Fixed: the default is the build's version, in every file.
			pq.CreatedBy("tabiya", "1", ""),
			pq.Compression(zstd),
			pq.MaxRowsPerRowGroup(rowGroupRows),
			pq.BloomFilters(blooms...),
			pq.SortingWriterConfig(pq.SortingColumns(pq.Ascending("kafka_offset"))),
			pq.KeyValueMetadata("tabiya.table", name+"/v1"),
		},
	}
}

// begin says where rows belong from now on. No file is made before the first.
func (t *table[R]) begin(c archive.Chunk, region string, out *archive.Output) {
	t.n, t.file = 0, nil
	t.chunk, t.region, t.out = c, region, out
}

// next gives the next row to fill, and its place in the batch.
func (t *table[R]) next() (row *R, i int, err error) {
	if t.n == len(t.batch) {
		if err := t.flush(); err != nil {
			return nil, 0, err
		}
	}
	t.n++
	return &t.batch[t.n-1], t.n - 1, nil
}

func (t *table[R]) flush() error {
	if t.file == nil {
		file, err := t.out.Create(Key(t.name, t.chunk, t.region), t.name)
		if err != nil {
			return err
		}
		t.file = file
		t.writer = pq.NewGenericWriter[R](file, t.options...)
	}
	if _, err := t.writer.Write(t.batch[:t.n]); err != nil {
		return fmt.Errorf("write %s: %w", t.name, err)
	}
	t.file.Rows += int64(t.n)
	t.n = 0
	return nil
}

// close writes what is left and the footer.
func (t *table[R]) close() error {
	if t.n > 0 {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if t.file == nil {
		return nil
	}
	if err := t.writer.Close(); err != nil {
		return fmt.Errorf("write %s: %w", t.name, err)
	}
	return nil
}

// end lets go of the file, after close or in place of it.
func (t *table[R]) end() {
	t.file, t.writer, t.out = nil, nil, nil
}
