package test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/schemas"
	"tabiya/test/check"
)

// stores are the places where a platform keeps its data.
type stores struct {
	kafka    kafka.Config
	postgres string
	s3       objstore.Config
}

type record = check.Event

// eventLog is every event of every events topic, in partition order.
type eventLog check.Log

func readLog(t testing.TB, at stores) eventLog {
	t.Helper()
	log, err := check.ReadLog(t.Context(), at.kafka)
	if err != nil {
		t.Fatal(err)
	}
	return eventLog(log)
}

// games returns the payloads of the terminal events by game.
func (l eventLog) games() map[string]*schemas.GameOver {
	games := map[string]*schemas.GameOver{}
	for id, r := range check.Log(l).Over() {
		games[id] = r.Payload.(*schemas.GameOver)
	}
	return games
}

// checkSeqs verifies the order, numbers and ids of each aggregate's events.
func (l eventLog) checkSeqs(t testing.TB) {
	t.Helper()
	report(t, check.Log(l).Order())
}

// checkWhole verifies that the events of each game are a legal game.
func (l eventLog) checkWhole(t testing.TB) {
	t.Helper()
	report(t, check.Log(l).Games())
}

func report(t testing.TB, findings []check.Finding) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}

// checkPostgres waits until the sink has written all finished games.
func (l eventLog) checkPostgres(t testing.TB, at stores) {
	t.Helper()
	eventually.NoError(t, "the games in Postgres", func() error { return l.comparePostgres(t, at) })
}

func (l eventLog) comparePostgres(t testing.TB, at stores) error {
	t.Helper()
	pool, err := postgres.Open(t.Context(), at.postgres)
	if err != nil {
		return err
	}
	defer pool.Close()
	games, err := check.ReadPostgres(t.Context(), pool)
	if err != nil {
		return err
	}
	return joined(check.Log(l).Postgres(games))
}

// checkRaw waits until the raw archive holds the bytes of each record exactly once.
func (l eventLog) checkRaw(t testing.TB, at stores) {
	t.Helper()
	bucket := open(t, at)
	eventually.NoError(t, "the raw archive", func() error {
		lines, err := check.ReadRaw(t.Context(), bucket)
		if err != nil {
			return err
		}
		return joined(check.Log(l).Raw(lines))
	})
}

// checkParquet waits until the Parquet archive holds one row per event and one per game.
func (l eventLog) checkParquet(t testing.TB, at stores) {
	t.Helper()
	bucket := open(t, at)
	eventually.NoError(t, "the Parquet archive", func() error {
		events, games, err := check.ReadParquet(t.Context(), bucket)
		if err != nil {
			return err
		}
		return joined(check.Log(l).Parquet(events, games))
	})
}

// joined returns the findings as one error, nil if there are none.
func joined(findings []check.Finding) error {
	errs := make([]error, len(findings))
	for i, f := range findings {
		errs[i] = fmt.Errorf("%s", f)
	}
	return errors.Join(errs...)
}

func open(t testing.TB, at stores) *objstore.Bucket {
	t.Helper()
	bucket, err := objstore.Open(t.Context(), at.s3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bucket.Close)
	return bucket
}

// sinkTimeout is how long a sink may take to have all that is in the log: the
// archive's window and grace in these tests, and a busy machine.
const sinkTimeout = 90 * time.Second
