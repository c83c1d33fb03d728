package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
)

// partitionWriter cuts the records of one partition into chunks, for as long as
// this member owns the partition. run.mu guards its fields, except progress,
// which belongs to archiveChunks.
type partitionWriter struct {
	topic     string
	partition int32
	limits    Limits
	ctx       context.Context
	cancel    context.CancelFunc
	progress  *progress
	dir       string           // of spill files
	waiting   prometheus.Gauge // bytes of sealed chunks

	nextOffset int64         // offset after the last record consumed
	decidedEnd int64         // the next chunk's end, if an earlier owner decided it; 0 if undecided
	open       *openChunk    // nil: the next record starts a chunk
	backlog    []*kgo.Record // consumed, but no chunk was free to take them
	paused     bool

	sealed chan *sealedChunk // capacity 1: one chunk waits while another is archived
}

// openChunk takes records.
type openChunk struct {
	cutter
	spill      *spillFile
	lastAppend time.Time
}

// sealedChunk is ready to be archived.
type sealedChunk struct {
	Chunk
	spill    *spillFile
	regions  []string
	records  int
	bytes    int64
	end      string // metric label
	sealedAt time.Time
}

// What ended a chunk, as a metric label.
const (
	endLog     = "log"     // the next record's window, or a limit
	endIdle    = "idle"    // the broker's clock
	endDecided = "decided" // an earlier owner's decision
)

// appendAll appends records in order. If a record needs a new chunk and none is free,
// it and all later records go to the backlog.
func (w *partitionWriter) appendAll(records []*kgo.Record) error {
	if len(w.backlog) > 0 {
		w.backlog = append(w.backlog, records...)
		return nil
	}
	for i, r := range records {
		ok, err := w.append(r)
		if err != nil {
			return fmt.Errorf("append %s/%d at offset %d: %w", w.topic, w.partition, r.Offset, err)
		}
		if !ok {
			w.backlog = append(w.backlog, records[i:]...)
			return nil
		}
	}
	if w.open != nil && w.open.full() {
		_, err := w.seal(endLog)
		return err
	}
	return nil
}

// appendBacklog appends the records that waited for a free chunk.
func (w *partitionWriter) appendBacklog() error {
	records := w.backlog
	w.backlog = nil
	return w.appendAll(records)
}

// append puts a record into the open chunk or into a new one. It returns false if
// the record needs a new chunk and none is free: a partition has at most one chunk
// open, one waiting and one being archived.
func (w *partitionWriter) append(r *kgo.Record) (ok bool, err error) {
	if r.Attrs.IsControl() {
		w.nextOffset = r.Offset + 1
		return true, nil
	}
	brokerTime, size, region := r.Timestamp.UnixMilli(), len(r.Key)+len(r.Value), recordRegion(r)
	if w.open != nil && (w.open.full() || !w.open.accepts(r.Offset, brokerTime, size, region)) {
		if sealed, err := w.seal(endLog); !sealed || err != nil {
			return false, err
		}
	}
	if w.open == nil {
		spill, err := newSpillFile(w.dir, w.waiting)
		if err != nil {
			return false, err
		}
		if w.decidedEnd <= r.Offset { // decided for a topic that was lost since
			w.decidedEnd = 0
		}
		w.open = &openChunk{cutter: newCutter(w.limits, w.decidedEnd, r.Offset, brokerTime), spill: spill}
		w.decidedEnd = 0
	}
	index := w.open.add(r.Offset, size, region)
	w.open.lastAppend = time.Now()
	w.nextOffset = r.Offset + 1
	return true, w.open.spill.append(index, Record{Offset: r.Offset, BrokerTime: brokerTime, Key: r.Key, Value: r.Value})
}

// seal ends the open chunk and hands it to archiveChunks. It returns false while
// the previous chunk still waits.
func (w *partitionWriter) seal(end string) (ok bool, err error) {
	if len(w.sealed) == cap(w.sealed) {
		return false, nil
	}
	open := w.open
	if err := open.spill.seal(); err != nil {
		return false, err
	}
	if open.decidedEnd != 0 {
		end = endDecided
	}
	w.open = nil
	w.sealed <- &sealedChunk{
		Chunk: Chunk{
			Topic: w.topic, Partition: w.partition, First: open.first, Next: open.next,
			Window: time.UnixMilli(open.window).UTC(),
		},
		spill: open.spill, regions: open.regions, records: open.records, bytes: open.bytes, end: end, sealedAt: time.Now(),
	}
	return true, nil
}

// blocked reports whether the writer can take no record until a chunk is archived.
func (w *partitionWriter) blocked() bool { return len(w.backlog) > 0 || len(w.sealed) == cap(w.sealed) }

// endsByTime reports whether the broker's clock may end the open chunk. The next
// record may end it first.
func (w *partitionWriter) endsByTime() bool {
	return w.open != nil && !w.paused && w.open.decidedEnd == 0
}

// close drops all records that are not archived.
func (w *partitionWriter) close() {
	w.cancel()
	w.backlog = nil
	if w.open != nil {
		w.open.spill.close()
		w.open = nil
	}
}
