package account

import (
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
	// relayPoll finds what another instance has committed and not yet
	// published: that instance may have died in between.
	relayPoll    = 500 * time.Millisecond
	longestPause = 2 * time.Second
	// relayLock is the advisory lock of whoever publishes. One publisher at a
	// time keeps each account's commands in order.
	relayLock = 7002
)

// relay publishes the outbox: what a committed transaction had to say reaches
// Kafka at least once, in the account's order, whatever process dies.
type relay struct {
	pool     *pgxpool.Pool
	commands Sender
	logger   *slog.Logger
	wake     chan struct{} // holds one
	sent     prometheus.Counter

	// Stages of a crash, for tests; they run in the transaction.
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

// Wake says that a transaction has been committed.
func (r *relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx ends.
func (r *relay) Run(ctx context.Context) {
	pause, failing := relayPoll, false
	for ctx.Err() == nil {
		n, err := r.publish(ctx)
		switch {
		case err == nil && n == relayBatch:
			continue // there may be more
		case err == nil && failing:
			r.logger.Info("the account outbox is published again")
			fallthrough
		case err == nil:
			pause, failing = relayPoll, false
		default:
			if ctx.Err() == nil && !failing {
				r.logger.Error("publish the account outbox", "err", err)
			}
			pause, failing = min(2*pause, longestPause), true
		}
		if failing {
			r.sleep(ctx, pause, nil) // a wake would only make it fail faster
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

// stored is an outbox row: the record as it was when its transaction committed.
type stored schemas.Record

func (s stored) Record() schemas.Record { return schemas.Record(s) }

// publish publishes and then deletes the oldest rows and gives their number. A
// crash in between publishes them again, under the same command ids.
func (r *relay) publish(ctx context.Context) (int, error) {
	var some bool
	if err := r.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM outbox)`).Scan(&some); err != nil || !some {
		return 0, wrap("look into the outbox", err)
	}
	published := 0
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, relayLock); err != nil {
			return wrap("lock the outbox", err)
		}
		ids, messages, err := oldest(ctx, tx)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := r.beforePublish(); err != nil {
			return err
		}
		if err := r.commands.Send(ctx, messages...); err != nil {
			return fmt.Errorf("publish %d commands: %w", len(messages), err)
		}
		if err := r.beforeDelete(); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1)`, ids); err != nil {
			return wrap("delete from the outbox", err)
		}
		published = len(ids)
		return nil
	})
	if err == nil {
		r.sent.Add(float64(published))
	}
	return published, postgres.Unavailable(err)
}

// oldest reads the rows in the order of their ids. Two changes of one account
// are in order: the second waits for the first one's row lock before it takes
// its id.
func oldest(ctx context.Context, tx pgx.Tx) (ids []int64, messages []schemas.Message, err error) {
	rows, err := tx.Query(ctx, `SELECT id, topic, key, type, region, value FROM outbox ORDER BY id LIMIT $1`, relayBatch)
	if err != nil {
		return nil, nil, wrap("read the outbox", err)
	}
	var (
		id int64
		s  stored
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &s.Topic, &s.Key, &s.Type, &s.Region, &s.Value}, func() error {
		ids, messages = append(ids, id), append(messages, stored{s.Topic, s.Key, s.Type, s.Region, append([]byte(nil), s.Value...)})
		return nil
	})
	return ids, messages, wrap("read the outbox", err)
}

func wrap(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
