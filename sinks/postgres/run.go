package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/postgres"
	"tabiya/internal/retry"
	"tabiya/schemas"
	"tabiya/sinks/intake"
	"tabiya/sinks/tally"
)

// run is one call of Run.
type run struct {
	cfg      Config
	hooks    hooks
	ctx      context.Context
	metrics  *tally.Tally
	lag      *kafka.Lag
	intake   *intake.Intake
	database *retry.Dependency
	kafka    *retry.Dependency
	months   map[int64]bool // partitions that are known to be there; the writer's

	mu      sync.Mutex
	lanes   map[int32]*lane
	growing batch
	writing *batch
	done    chan error // what writing gave; holds one
}

// lane is one partition while this member owns it.
type lane struct {
	stored int64 // next_offset in the database, as far as it is known; none: -1
	next   int64 // what it will be with all that was read
}

const (
	pollRecords = 5000
	pollWait    = 250 * time.Millisecond
	// offsetsAfter is how long offsets wait that no game moves.
	offsetsAfter = 5 * time.Second
)

func (r *run) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := r.flush()
		if wait < 0 { // full, and the one before is still being written
			select {
			case err := <-r.done:
				if err := r.wrote(err); err != nil {
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
		case err := <-r.done:
			if err := r.wrote(err); err != nil {
				return err
			}
		default:
		}
	}
	return r.finish()
}

// finish waits for the batch that is being written: it is done or undone soon,
// since its context has ended.
func (r *run) finish() error {
	r.mu.Lock()
	busy := r.writing != nil
	r.mu.Unlock()
	if busy {
		<-r.done
	}
	return nil
}

func (r *run) poll(ctx context.Context, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return r.intake.Poll(ctx, pollRecords, r.read)
}

// read takes the terminal events out of a partition's records.
func (r *run) read(_ string, partition int32, records []*kgo.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, owned := r.lanes[partition]
	if !owned {
		return
	}
	for _, rec := range records {
		if !r.growing.add(partition, rec) {
			r.metrics.Skipped.WithLabelValues(schemas.GameEvents).Inc()
		}
	}
	last := records[len(records)-1]
	l.next = last.Offset + 1
	r.growing.moved(partition, l.next, last.Timestamp)
	r.metrics.Records.WithLabelValues(schemas.GameEvents).Add(float64(len(records)))
}

// flush begins to write the growing batch if it is time. It gives how long to
// wait for more records; negative: there is no room for more.
func (r *run) flush() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.growing
	if len(b.lanes) == 0 {
		return pollWait
	}
	after := r.cfg.FlushAfter
	if b.empty() {
		after = offsetsAfter
	}
	full := len(b.games)+len(b.rows) >= r.cfg.MaxGames || b.bytes >= r.cfg.MaxBytes
	wait := after - time.Since(b.since)
	switch {
	case r.writing != nil && full:
		return -1
	case r.writing != nil:
		return r.cfg.FlushAfter
	case !full && wait > 0:
		return min(wait, pollWait)
	}
	for partition, to := range b.lanes {
		to.from = r.lanes[partition].stored
	}
	r.writing, r.growing = b.take(), batch{}
	go func(b *batch) { r.done <- r.write(r.ctx, b) }(r.writing)
	return pollWait
}

// wrote notes that the batch is written, or what was wrong with it.
func (r *run) wrote(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.writing
	r.writing = nil
	if err != nil {
		if r.ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("write %d games: %w", len(b.games), err)
	}
	for partition, to := range b.lanes {
		if l := r.lanes[partition]; l != nil {
			l.stored = to.next
			r.lag.Progress(schemas.GameEvents, partition, to.next, to.at)
			r.intake.Commit(r.ctx, schemas.GameEvents, partition, to.next)
		}
	}
	r.metrics.Bytes.WithLabelValues(schemas.GameEvents).Add(float64(b.bytes))
	r.metrics.Rows.WithLabelValues("games").Add(float64(len(b.games)))
	r.metrics.Rows.WithLabelValues("player_games").Add(float64(2 * len(b.games)))
	return nil
}

// taken loads where to go on.
func (r *run) taken(ctx context.Context, topic string, partition int32) (next int64, ok bool, err error) {
	stored := int64(-1)
	err = r.database.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		err := r.cfg.Pool.QueryRow(ctx,
			"SELECT next_offset FROM sink_offsets WHERE sink = $1 AND topic = $2 AND partition = $3", Name, topic, partition).Scan(&stored)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return postgres.Unavailable(err)
	})
	if err != nil {
		return 0, false, fmt.Errorf("load offset: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lanes[partition] = &lane{stored: stored, next: stored}
	r.growing.drop(partition)
	return stored, stored >= 0, nil
}

// lost forgets a partition. What is being written of it is waited for, so that
// the next owner finds the offset that stands.
func (r *run) lost(_ string, partition int32) {
	r.mu.Lock()
	delete(r.lanes, partition)
	r.growing.drop(partition)
	b := r.writing
	r.mu.Unlock()
	if b == nil {
		return
	}
	select {
	case <-b.written:
	case <-time.After(handOver):
	}
}

// handOver is how long a lost partition may wait for its last batch.
const handOver = 5 * time.Second
