// Package relay publishes the outbox: the commands that the account service writes to a
// table, in the transaction of the change that they tell.
package relay

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

// Sender sends commands and waits until they are in the log; *kafka.Producer.
type Sender interface {
	Send(ctx context.Context, messages ...schemas.Message) error
}

const (
	batch = 500
	// poll is the pause between two looks at the outbox without a Wake: it
	// finds commands of an instance that died before it published them.
	poll       = 500 * time.Millisecond
	maxBackoff = 2 * time.Second
	// advisoryLock is the advisory lock of the publisher. One publisher at a time
	// keeps each account's commands in order.
	advisoryLock = 7002
	// lockRetry is the pause after another instance was found publishing.
	lockRetry = 50 * time.Millisecond
)

// Relay publishes the outbox: the commands of each committed transaction reach
// Kafka at least once, in the order of their account, even if processes die.
type Relay struct {
	pool     *pgxpool.Pool
	commands Sender
	logger   *slog.Logger
	wake     chan struct{} // holds one
	sent     prometheus.Counter

	// BeforePublish and BeforeDelete are hooks for tests. They run under the lock.
	BeforePublish, BeforeDelete func() error
}

// New makes a relay and registers its metrics.
func New(pool *pgxpool.Pool, commands Sender, logger *slog.Logger, registerer prometheus.Registerer) *Relay {
	r := &Relay{
		pool: pool, commands: commands, logger: logger, wake: make(chan struct{}, 1),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_outbox_published_total",
			Help: "Commands that the account outbox has published.",
		}),
		BeforePublish: func() error { return nil },
		BeforeDelete:  func() error { return nil },
	}
	registerer.MustRegister(r.sent)
	return r
}

// Wake tells the relay that a transaction was committed.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx is done.
func (r *Relay) Run(ctx context.Context) {
	pause, failing := poll, false
	for ctx.Err() == nil {
		n, err := r.Publish(ctx)
		switch {
		case err == nil && n == batch:
			continue // there may be more
		case err == nil && failing:
			r.logger.Info("account outbox published again")
			fallthrough
		case err == nil:
			pause, failing = poll, false
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

func (r *Relay) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}

// row is a row of the outbox: a record as of its transaction's commit.
type row schemas.Record

// Record implements schemas.Message.
func (r row) Record() schemas.Record { return schemas.Record(r) }

// Publish publishes the oldest rows, deletes them and returns their number. After
// a crash in between they are published again, with the same command ids.
//
// No transaction is open while Kafka is waited for: it would keep the database from
// removing dead rows, of all tables. The lock belongs to the connection instead, which
// dies with the process.
func (r *Relay) Publish(ctx context.Context) (int, error) {
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
		_, err = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, advisoryLock)
	}
	if err != nil { // the end of the connection frees the lock for certain
		_ = conn.Hijack().Close(context.WithoutCancel(ctx))
	}
	r.sent.Add(float64(published))
	return published, postgres.Unavailable(err)
}

// lock takes the lock for the connection. It does not wait in the database: a statement
// that waits is a transaction too.
func (r *Relay) lock(ctx context.Context, conn *pgxpool.Conn) error {
	for {
		var locked bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, advisoryLock).Scan(&locked); err != nil || locked {
			return wrap("lock the outbox", err)
		}
		r.sleep(ctx, lockRetry, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (r *Relay) publishLocked(ctx context.Context, conn *pgxpool.Conn) (published int, err error) {
	ids, messages, err := readOldest(ctx, conn)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := r.BeforePublish(); err != nil {
		return 0, err
	}
	if err := r.commands.Send(ctx, messages...); err != nil {
		return 0, fmt.Errorf("publish %d commands: %w", len(messages), err)
	}
	if err := r.BeforeDelete(); err != nil {
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
	rows, err := conn.Query(ctx, `SELECT id, topic, key, type, region, value FROM outbox ORDER BY id LIMIT $1`, batch)
	if err != nil {
		return nil, nil, wrap("read the outbox", err)
	}
	var (
		id int64
		r  row
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &r.Topic, &r.Key, &r.Type, &r.Region, &r.Value}, func() error {
		ids, messages = append(ids, id), append(messages, row{r.Topic, r.Key, r.Type, r.Region, bytes.Clone(r.Value)})
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
