package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/postgres"
)

// assigned loads the offset to continue from.
func (r *run) assigned(ctx context.Context, topic string, partition int32) (next int64, ok bool, err error) {
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
	r.stored[source{topic, partition}] = stored
	r.pending.drop(source{topic, partition})
	return stored, stored >= 0, nil
}

// handOverTimeout is how long a revoked partition waits for its last batch.
const handOverTimeout = 5 * time.Second

// revoked drops a partition. It waits for the present write, so that the next
// owner loads the offset after it.
func (r *run) revoked(topic string, partition int32) {
	r.mu.Lock()
	delete(r.stored, source{topic, partition})
	r.pending.drop(source{topic, partition})
	b := r.writing
	r.mu.Unlock()
	if b == nil {
		return
	}
	select {
	case <-b.written:
	case <-time.After(handOverTimeout):
	}
}
