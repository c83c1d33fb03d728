package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"tabiya/sinks/archive"
)

const (
	// batchRows is the number of rows passed to the Parquet writer at a time. Where
	// pages end depends on it, so the bytes of files do.
	batchRows = 512
	// rowGroupRows is the size that DuckDB reads best. A chunk has no more rows by
	// default.
	rowGroupRows = 122_880
)

// table writes one table's files, one after the other. Each file has a new writer: a
// writer of parquet-go 0.32.0 that is reset omits the columns' names from the footer
// (path_in_schema).
type table[R any] struct {
	name    string
	options []pq.WriterOption
	batch   []R
	n       int // rows in batch

	file   *archive.File // nil until the first flush
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
			// The default is the build's version, so a new build would write other bytes.
			pq.CreatedBy("tabiya", "1", ""),
			pq.Compression(zstd),
			pq.MaxRowsPerRowGroup(rowGroupRows),
			pq.BloomFilters(blooms...),
			pq.SortingWriterConfig(pq.SortingColumns(pq.Ascending("kafka_offset"))),
			pq.KeyValueMetadata("tabiya.table", name+"/v1"),
		},
	}
}

// start sets the file that the next rows belong to. The file is created with the
// first rows.
func (t *table[R]) start(c archive.Chunk, region string, out *archive.Output) {
	t.n, t.file = 0, nil
	t.chunk, t.region, t.out = c, region, out
}

// next returns the next row to fill, and its index in the batch.
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

// close writes the remaining rows and the footer.
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

// reset releases the file, whether or not it was closed.
func (t *table[R]) reset() {
	t.file, t.writer, t.out = nil, nil, nil
}
