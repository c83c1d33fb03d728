package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/postgres"
	"tabiya/schemas"
)

const (
	relayBatch = 500
	// relayPoll is the pause between two looks at the outbox without a Wake: it
	// finds commands of an instance that died before it published them.
	relayPoll  = 500 * time.Millisecond
	maxBackoff = 2 * time.Second
	// relayLock is the advisory lock of the publisher. One publisher at a time
	// keeps each account's commands in order.
	relayLock = 7002
	// lockRetry is the pause after another instance was found publishing.
	lockRetry = 50 * time.Millisecond
)

// relay publishes the outbox: the commands of each committed transaction reach
// Kafka at least once, in the order of their account, even if processes die.
type relay struct {
	pool     *pgxpool.Pool
	commands Sender
	logger   *slog.Logger
	wake     chan struct{} // holds one
	sent     prometheus.Counter

	// Hooks for tests, which run under the lock.
	beforePublish, beforeDelete func() error
}

func newRelay(pool *pgxpool.Pool, commands Sender, logger *slog.Logger, registerer prometheus.Registerer) *relay {
	r := &relay{
		pool: pool, commands: commands, logger: logger, wake: make(chan struct{}, 1),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_outbox_published_total",
			Help: "Commands that the account outbox has published.",
		}),
		beforePublish: func() error { return nil },
		beforeDelete:  func() error { return nil },
	}
	registerer.MustRegister(r.sent)
	return r
}

// Wake tells the relay that a transaction was committed.
func (r *relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx is done.
func (r *relay) Run(ctx context.Context) {
	pause, failing := relayPoll, false
	for ctx.Err() == nil {
		n, err := r.publish(ctx)
		switch {
		case err == nil && n == relayBatch:
			continue // there may be more
		case err == nil && failing:
			r.logger.Info("account outbox published again")
			fallthrough
		case err == nil:
			pause, failing = relayPoll, false
		default:
			if ctx.Err() == nil && !failing {
				r.logger.Error("account outbox not published", "err", err)
			}
			pause, failing = min(2*pause, maxBackoff), true
		}
		if failing {
			r.sleep(ctx, pause, nil) // not earlier, even if woken
		} else {
			r.sleep(ctx, pause, r.wake)
		}
	}
}

func (r *relay) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}

// outboxRow is a row of the outbox: a record as of its transaction's commit.
type outboxRow schemas.Record

// Record implements schemas.Message.
func (r outboxRow) Record() schemas.Record { return schemas.Record(r) }

// publish publishes the oldest rows, deletes them and returns their number. After
// a crash in between they are published again, with the same command ids.
//
// No transaction is open while Kafka is waited for: it would keep the database from
// removing dead rows, of all tables. The lock belongs to the connection instead, which
// dies with the process.
func (r *relay) publish(ctx context.Context) (int, error) {
	var pending bool
	if err := r.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM outbox)`).Scan(&pending); err != nil || !pending {
		return 0, postgres.Unavailable(wrap("look for rows in the outbox", err))
	}
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return 0, postgres.Unavailable(wrap("connect for the outbox", err))
	}
	defer conn.Release()
	published, err := 0, r.lock(ctx, conn)
	if err == nil {
		published, err = r.publishLocked(ctx, conn)
	}
	if err == nil {
		_, err = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, relayLock)
	}
	if err != nil { // the end of the connection frees the lock for certain
		_ = conn.Hijack().Close(context.WithoutCancel(ctx))
	}
	r.sent.Add(float64(published))
	return published, postgres.Unavailable(err)
}

// lock takes the lock for the connection. It does not wait in the database: a statement
// that waits is a transaction too.
func (r *relay) lock(ctx context.Context, conn *pgxpool.Conn) error {
	for {
		var locked bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, relayLock).Scan(&locked); err != nil || locked {
			return wrap("lock the outbox", err)
		}
		r.sleep(ctx, lockRetry, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (r *relay) publishLocked(ctx context.Context, conn *pgxpool.Conn) (published int, err error) {
	ids, messages, err := readOldest(ctx, conn)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := r.beforePublish(); err != nil {
		return 0, err
	}
	if err := r.commands.Send(ctx, messages...); err != nil {
		return 0, fmt.Errorf("publish %d commands: %w", len(messages), err)
	}
	if err := r.beforeDelete(); err != nil {
		return 0, err
	}
	if _, err := conn.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1)`, ids); err != nil {
		return 0, wrap("delete from the outbox", err)
	}
	return len(ids), nil
}

// readOldest reads the oldest rows, in the order of their ids. That is the order
// of each account's changes: a second change waits for the row lock of the first
// before it takes an id.
func readOldest(ctx context.Context, conn *pgxpool.Conn) (ids []int64, messages []schemas.Message, err error) {
	rows, err := conn.Query(ctx, `SELECT id, topic, key, type, region, value FROM outbox ORDER BY id LIMIT $1`, relayBatch)
	if err != nil {
		return nil, nil, wrap("read the outbox", err)
	}
	var (
		id int64
		r  outboxRow
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &r.Topic, &r.Key, &r.Type, &r.Region, &r.Value}, func() error {
		ids, messages = append(ids, id), append(messages, outboxRow{r.Topic, r.Key, r.Type, r.Region, bytes.Clone(r.Value)})
		return nil
	})
	return ids, messages, wrap("read the outbox", err)
}

// wrap adds what was being done to an error, if it is one.
func wrap(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
