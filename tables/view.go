package tables

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// goneLimit is how many deleted keys a view remembers, to reject a stale owner's row
// behind the tombstone.
const goneLimit = 1 << 16

// View is a read-only copy of a table in memory, for a service. It is safe for
// concurrent use. Rows are kept encoded, and each read decodes its own copy.
type View[R Row] struct {
	cfg    kafka.Config
	table  Table[R]
	logger *slog.Logger

	// OnUpdate, if set before Run, is called after each change of a row, by one
	// goroutine and in the order of the partition. row is the zero R if the row was
	// deleted.
	OnUpdate func(key string, row R)

	ready atomic.Bool

	mu      sync.RWMutex
	rows    map[string][]byte
	waiting map[string][]chan struct{}
	guard   *Guard
}

// NewView creates an empty view. Run fills it.
func NewView[R Row](cfg kafka.Config, table Table[R], logger *slog.Logger) *View[R] {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &View[R]{
		cfg: cfg, table: table, logger: logger,
		rows: make(map[string][]byte), waiting: make(map[string][]chan struct{}), guard: NewGuard(goneLimit),
	}
}

// Run reads the table's topic from its beginning and follows it until ctx is done.
// It survives outages of Kafka.
func (v *View[R]) Run(ctx context.Context) error {
	client, err := kgo.NewClient(append(v.cfg.Opts(),
		kgo.ConsumeTopics(v.table.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(250*time.Millisecond),
		kgo.FetchMaxBytes(16<<20),
		kgo.FetchMaxPartitionBytes(1<<20),
		kgo.MaxConcurrentFetches(2),
	)...)
	if err != nil {
		return fmt.Errorf("view of %s: %w", v.table.Topic, err)
	}
	defer client.Close()
	left, err := v.ends(ctx, client)
	if err != nil {
		return nil // ctx is done
	}
	v.ready.Store(v.ready.Load() || len(left) == 0)
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			v.logger.Warn("fetch records for a view", "topic", topic, "partition", partition, "err", err)
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, r := range p.Records {
				v.take(r)
				if end, reading := left[r.Partition]; reading && r.Offset >= end-1 {
					delete(left, r.Partition)
				}
			}
		})
		if len(left) == 0 {
			v.ready.Store(true)
		}
	}
}

// ends returns the end offset of each partition that holds records, by partition
// number. It retries until Kafka answers; its only error is that of ctx.
func (v *View[R]) ends(ctx context.Context, client *kgo.Client) (map[int32]int64, error) {
	adm := kadm.NewClient(client)
	for warned := false; ; {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		starts, err1 := adm.ListStartOffsets(asking, v.table.Topic)
		ends, err2 := adm.ListEndOffsets(asking, v.table.Topic)
		cancel()
		err := errors.Join(err1, err2, starts.Error(), ends.Error())
		if err == nil {
			left := make(map[int32]int64)
			ends.Each(func(o kadm.ListedOffset) {
				if start, ok := starts.Lookup(o.Topic, o.Partition); !ok || start.Offset < o.Offset {
					left[o.Partition] = o.Offset
				}
			})
			return left, nil
		}
		if !warned && ctx.Err() == nil {
			v.logger.Warn("read the topic's offsets for a view, retrying", "topic", v.table.Topic, "err", err)
			warned = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// take applies one record.
func (v *View[R]) take(r *kgo.Record) {
	key := string(r.Key)
	v.mu.Lock()
	taken := v.apply(key, r)
	if taken {
		for _, ch := range v.waiting[key] {
			close(ch)
		}
		delete(v.waiting, key)
	}
	v.mu.Unlock()
	if !taken || v.OnUpdate == nil {
		return
	}
	row, _ := v.Get(key)
	v.OnUpdate(key, row)
}

func (v *View[R]) apply(key string, r *kgo.Record) bool {
	have := v.rows[key]
	if r.Value == nil {
		if !v.guard.AcceptTombstone(key, have, kafka.Header(r, HeaderOffset)) {
			return false
		}
		delete(v.rows, key)
		return true
	}
	newer, err := v.guard.AcceptRow(key, have, r.Value)
	if err != nil {
		v.logger.Error("view skips a malformed row", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", err)
		return false
	}
	if newer {
		// Copy the value: it is a slice of the fetched batch.
		v.rows[key] = append(make([]byte, 0, len(r.Value)), r.Value...)
	}
	return newer
}

// Ready reports whether the view has read every record that existed when Run began.
func (v *View[R]) Ready() bool { return v.ready.Load() }

// Get returns the row of a key. ok is false if there is none.
func (v *View[R]) Get(key string) (row R, ok bool) {
	v.mu.RLock()
	raw, ok := v.rows[key]
	v.mu.RUnlock()
	if !ok {
		return row, false
	}
	return v.decode(key, raw)
}

func (v *View[R]) decode(key string, raw []byte) (R, bool) {
	row, err := v.table.Decode(key, raw)
	if err != nil {
		v.logger.Error("decode a row of a view", "topic", v.table.Topic, "key", key, "err", err)
	}
	return row, err == nil
}

// Len returns the number of rows.
func (v *View[R]) Len() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.rows)
}

// Range calls fn for every row, in no particular order, until fn returns false. A
// row that changes in the meantime is passed in its old or its new form.
func (v *View[R]) Range(fn func(key string, row R) bool) {
	v.mu.RLock()
	keys := make([]string, 0, len(v.rows))
	for key := range v.rows {
		keys = append(keys, key)
	}
	v.mu.RUnlock()
	for _, key := range keys {
		if row, ok := v.Get(key); ok && !fn(key, row) {
			return
		}
	}
}
