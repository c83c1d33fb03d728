package tables

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/follow"
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

	// SecondKey, if set before Run, returns another key of a row, such as a player's
	// handle, for Find.
	SecondKey func(row R) string

	ready atomic.Bool

	partitions   int32     // of the topic; set before the first record is read
	misplacedLog sync.Once // one line is enough: a changed partition count misplaces thousands
	laterLog     sync.Once

	mu      sync.RWMutex
	rows    map[string][]byte
	second  map[string]string // keys by SecondKey; Find checks them against the rows
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
		rows: make(map[string][]byte), second: make(map[string]string), waiting: make(map[string][]chan struct{}), guard: NewGuard(goneLimit),
	}
}

// Run reads the table's topic from its beginning and follows it until ctx is
// done. It waits for the topic and for a broker that is away. It returns an error
// when the topic cannot be read on, and may be called again then.
func (v *View[R]) Run(ctx context.Context) error {
	client, err := kgo.NewClient(append(v.cfg.Opts(),
		kgo.FetchMaxWait(250*time.Millisecond),
		kgo.FetchMaxBytes(16<<20),
		kgo.FetchMaxPartitionBytes(1<<20),
		kgo.MaxConcurrentFetches(2),
	)...)
	if err != nil {
		return fmt.Errorf("view of %s: %w", v.table.Topic, err)
	}
	defer client.Close()
	reader := v.start(ctx, client)
	if reader == nil {
		return nil // ctx is done
	}
	err = reader.Run(ctx, follow.Handler{
		Records: func(records []*kgo.Record) {
			for _, r := range records {
				v.take(r)
			}
		},
		CaughtUp: func() { v.ready.Store(true) },
	})
	if err != nil {
		return fmt.Errorf("view of %s: %w", v.table.Topic, err)
	}
	return nil
}

// start begins to follow the topic. It tries until it succeeds or ctx is done;
// then it returns nil.
func (v *View[R]) start(ctx context.Context, client *kgo.Client) *follow.Reader {
	for warned := false; ; {
		starting, cancel := context.WithTimeout(ctx, 5*time.Second)
		var reader *follow.Reader
		partitions, err := kafka.PartitionCount(starting, v.cfg, v.table.Topic)
		if err == nil {
			v.partitions = partitions
			reader, err = follow.Start(starting, client, nil, follow.Topic{Name: v.table.Topic, Back: follow.Beginning})
		}
		cancel()
		if err == nil {
			return reader
		}
		if !warned && ctx.Err() == nil {
			v.logger.Warn("view waits for its topic", "topic", v.table.Topic, "err", err)
			warned = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(250 * time.Millisecond):
		}
	}
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

// Find returns the row whose SecondKey this is. ok is false if there is none.
func (v *View[R]) Find(second string) (row R, ok bool) {
	v.mu.RLock()
	key, ok := v.second[second]
	v.mu.RUnlock()
	if !ok {
		return row, false
	}
	if row, ok = v.Get(key); !ok || v.SecondKey(row) != second { // deleted, or changed since
		var none R
		return none, false
	}
	return row, true
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
