package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/retry"
	"tabiya/schemas"
	"tabiya/sinks/consumer"
	"tabiya/sinks/metrics"
)

// run is the state of one call of Sink.Run.
type run struct {
	cfg      Config
	hooks    hooks
	ctx      context.Context
	metrics  *metrics.Sink
	consumer *consumer.Consumer
	database *retry.Dependency
	kafka    *retry.Dependency
	months   map[int64]bool // whose partitions exist; for write alone

	mu        sync.Mutex
	stored    map[source]int64 // next_offset in the database, for each partition owned; -1: no row yet
	pending   batch
	writing   *batch     // nil: none
	writeDone chan error // the outcome of writing; capacity 1
}

const (
	pollRecords = 5000
	pollWait    = 250 * time.Millisecond
	// flushOffsetsAfter is how long a batch without games waits: nobody waits for
	// offsets alone.
	flushOffsetsAfter = 5 * time.Second
)

// loop collects records into the pending batch, and writes one batch at a time.
func (r *run) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		wait, full := r.startWrite()
		if full {
			select {
			case err := <-r.writeDone:
				if err := r.endWrite(err); err != nil {
					return err
				}
			case <-ctx.Done():
			}
			continue
		}
		if err := r.poll(ctx, wait); err != nil {
			return err
		}
		select {
		case err := <-r.writeDone:
			if err := r.endWrite(err); err != nil {
				return err
			}
		default:
		}
	}
	r.awaitWrite()
	return nil
}

func (r *run) poll(ctx context.Context, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return r.consumer.Poll(ctx, pollRecords, r.collect)
}

// collect adds a partition's records to the pending batch.
func (r *run) collect(topic string, partition int32, records []*kgo.Record) {
	from := source{topic, partition}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, owned := r.stored[from]; !owned {
		return
	}
	for _, rec := range records {
		if !r.pending.add(from, rec) {
			r.metrics.Skipped.WithLabelValues(topic).Inc()
		}
	}
	last := records[len(records)-1]
	r.pending.advance(from, last.Offset+1, last.Timestamp)
	r.metrics.Records.WithLabelValues(topic).Add(float64(len(records)))
}

// startWrite starts to write the pending batch if it is due. It returns how long
// to poll for more records; full means that there is no room for more until the
// present write ends.
func (r *run) startWrite() (wait time.Duration, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.pending
	if len(b.offsets) == 0 {
		return pollWait, false
	}
	after := r.cfg.FlushAfter
	if b.offsetsOnly() {
		after = flushOffsetsAfter
	}
	full = b.size() >= r.cfg.MaxGames || b.bytes >= r.cfg.MaxBytes
	wait = after - time.Since(b.since)
	switch {
	case r.writing != nil && full:
		return 0, true
	case r.writing != nil:
		return r.cfg.FlushAfter, false
	case !full && wait > 0:
		return min(wait, pollWait), false
	}
	for from, move := range b.offsets {
		move.from = r.stored[from]
	}
	taken := r.pending
	taken.written = make(chan struct{})
	r.writing, r.pending = &taken, batch{}
	go func() { r.writeDone <- r.write(r.ctx, &taken) }()
	return pollWait, false
}

// endWrite records that the batch is written, or returns why it is not.
func (r *run) endWrite(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.writing
	r.writing = nil
	if err != nil {
		if r.ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("write %d games and %d ratings: %w", len(b.games), len(b.ratings), err)
	}
	for from, move := range b.offsets {
		if _, owned := r.stored[from]; owned {
			r.stored[from] = move.to
			r.consumer.Progress(from.topic, from.partition, move.to, move.time)
			r.consumer.Commit(r.ctx, from.topic, from.partition, move.to)
		}
	}
	r.metrics.Bytes.WithLabelValues(schemas.GameEvents).Add(float64(b.bytes))
	r.metrics.Rows.WithLabelValues("games").Add(float64(len(b.games)))
	r.metrics.Rows.WithLabelValues("player_games").Add(float64(2 * len(b.games)))
	r.metrics.Rows.WithLabelValues("ratings").Add(float64(len(b.ratings)))
	return nil
}

// awaitWrite waits for the present write, which ends soon because its context has
// ended.
func (r *run) awaitWrite() {
	r.mu.Lock()
	writing := r.writing != nil
	r.mu.Unlock()
	if writing {
		<-r.writeDone
	}
}
