package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// A lane is one partition while this member owns it. Its fields belong to the
// run's lock, but for progress, which is its goroutine's (see close.go).
type lane struct {
	topic     string
	partition int32
	limits    Limits
	ctx       context.Context
	cancel    context.CancelFunc
	progress  *progress
	dir       string           // where spools are
	held      prometheus.Gauge // bytes of chunks that wait

	position int64 // offset after the last record seen
	until    int64 // if not 0: where the next chunk was decided to end
	open     *openChunk
	rest     []*kgo.Record // read, but there was no room for another chunk
	paused   bool

	sealed chan *sealedChunk // holds one: a chunk waits while another is closed
}

// openChunk takes records.
type openChunk struct {
	cut
	spool  *spool
	lastAt int64     // broker time of its last record
	seen   time.Time // when that was read here
}

// sealedChunk is on its way into the bucket.
type sealedChunk struct {
	Chunk
	spool   *spool
	regions []string
	records int
	bytes   int64
	end     string // what ended it, for metrics
	at      time.Time
}

// What ends a chunk.
const (
	endLog     = "log"     // its window or a limit
	endIdle    = "idle"    // the broker's clock
	endDecided = "decided" // an earlier owner
)

// offer gives the lane records in order. What does not fit before another chunk
// is closed stays in rest.
func (l *lane) offer(records []*kgo.Record) error {
	if len(l.rest) > 0 {
		l.rest = append(l.rest, records...)
		return nil
	}
	for i, r := range records {
		taken, err := l.take(r)
		if err != nil {
			return fmt.Errorf("spool %s/%d at %d: %w", l.topic, l.partition, r.Offset, err)
		}
		if !taken {
			l.rest = append(l.rest, records[i:]...)
			return nil
		}
	}
	if l.open != nil && l.open.full() {
		_, err := l.seal(endLog)
		return err
	}
	return nil
}

// again offers what is left from before.
func (l *lane) again() error {
	rest := l.rest
	l.rest = nil
	return l.offer(rest)
}

// take puts a record into the open chunk, or into a new one; false if there is
// no room for a new one now.
func (l *lane) take(r *kgo.Record) (bool, error) {
	if r.Attrs.IsControl() {
		l.position = r.Offset + 1
		return true, nil
	}
	at, size, region := r.Timestamp.UnixMilli(), len(r.Key)+len(r.Value), regionOf(r)
	if l.open != nil && (l.open.full() || !l.open.takes(r.Offset, at, size, region)) {
		if sealed, err := l.seal(endLog); !sealed || err != nil {
			return false, err
		}
	}
	if l.open == nil {
		s, err := newSpool(l.dir, l.held)
		if err != nil {
			return false, err
		}
		l.open = &openChunk{cut: begins(l.limits, l.until, r.Offset, at), spool: s}
		l.until = 0
	}
	index := l.open.add(r.Offset, size, region)
	l.open.lastAt, l.open.seen = at, time.Now()
	l.position = r.Offset + 1
	return true, l.open.spool.add(index, Record{Offset: r.Offset, At: at, Key: r.Key, Value: r.Value})
}

// seal ends the open chunk; false if the one before still waits.
func (l *lane) seal(end string) (bool, error) {
	o := l.open
	if len(l.sealed) == cap(l.sealed) {
		return false, nil
	}
	if err := o.spool.seal(); err != nil {
		return false, err
	}
	if o.until != 0 {
		end = endDecided
	}
	l.open = nil
	l.sealed <- &sealedChunk{
		Chunk: Chunk{
			Topic: l.topic, Partition: l.partition, First: o.first, Next: o.next,
			Window: time.UnixMilli(o.window).UTC(),
		},
		spool: o.spool, regions: o.regions, records: o.records, bytes: o.bytes, end: end, at: time.Now(),
	}
	return true, nil
}

// stuck reports that the lane can take nothing until a chunk is closed.
func (l *lane) stuck() bool { return len(l.rest) > 0 || len(l.sealed) == cap(l.sealed) }

// drop forgets what is not closed yet.
func (l *lane) drop() {
	l.cancel()
	l.rest = nil
	if l.open != nil {
		l.open.spool.close()
		l.open = nil
	}
}

func regionOf(r *kgo.Record) string {
	return RegionOf(string(kafka.Header(r, schemas.HeaderRegion)))
}
