package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/eventually"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/sinks/sinktest"
)

func TestSinkKilledBetweenCopyAndCommitWritesEachGameOnce(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 60)
	db := postgrestest.New(t)
	kill := func(batch int) *runningSink {
		return start(t, log.Config, db, func(s *Sink) {
			s.hooks.copied = func() error {
				if batch--; batch == 0 {
					return errKilled
				}
				return nil
			}
		})
	}
	if err := kill(1).waitFailed(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if games, players := tableRows(t, db); len(games)+len(players) != 0 {
		t.Fatalf("%d games and %d player games without a commit", len(games), len(players))
	}
	killed := kill(2)
	waitWritten(t, log, db)
	log.Append(t, sinktest.Records(sinktest.Game(500, 2, sinktest.Start), partitions)...)
	if err := killed.waitFailed(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	wantRows(t, db, append(events, sinktest.Game(500, 2, sinktest.Start)...))
}

func TestFrozenCopyIsFencedWhenItContinues(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 60)
	db := postgrestest.New(t)
	frozen, thaw := make(chan struct{}), make(chan struct{})
	stale := start(t, log.Config, db, func(s *Sink) {
		s.cfg.Group = "stale"
		s.cfg.FlushAfter = time.Nanosecond
		first := true
		s.hooks.begin = func() {
			if first {
				first = false
				close(frozen)
				<-thaw
			}
		}
	})
	<-frozen
	s := start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	more := sinktest.Game(9999, 8, sinktest.Start)
	log.Append(t, sinktest.Records(more, partitions)...)
	waitWritten(t, log, db)
	close(thaw)
	if err := stale.waitFailed(); !errors.Is(err, errFenced) {
		t.Errorf("the frozen copy ended with %v", err)
	}
	s.stop()
	wantRows(t, db, append(events, more...))
}

func TestTwoCopiesWriteEachGameOnce(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 200)
	db := postgrestest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	var ended []chan struct{}
	for _, group := range []string{"one", "two"} {
		sink, err := New(Config{Kafka: log.Config, Pool: db.Pool, Logger: sinktest.Logger(t), Group: group, MaxGames: 7})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		ended = append(ended, done)
		go func() {
			defer close(done)
			for ctx.Err() == nil { // as a supervisor does
				if err := sink.Run(ctx); err != nil && !errors.Is(err, errFenced) && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}()
	}
	waitWritten(t, log, db)
	cancel()
	for _, done := range ended {
		<-done
	}
	wantRows(t, db, events)
}

func TestCommitWhoseAnswerWasLostIsNotFenced(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 20)
	db := postgrestest.New(t)
	start(t, log.Config, db, func(s *Sink) {
		first := true
		s.hooks.committed = func() error {
			if first {
				first = false
				return context.DeadlineExceeded
			}
			return nil
		}
	})
	waitWritten(t, log, db)
	wantRows(t, db, events)
}

func TestSinkContinuesAfterADatabaseOutage(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 30)
	db := postgrestest.New(t)
	s := start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	up := makeUnavailable(t, db)
	more := sinktest.Game(88, 10, sinktest.Start)
	log.Append(t, sinktest.Records(more, partitions)...)
	eventually.True(t, "the outage is noticed", func() bool { return s.running.Load().database.Err() != nil })
	up()
	waitWritten(t, log, db)
	wantRows(t, db, append(events, more...))

	makeUnavailable(t, db)
	log.Append(t, sinktest.Records(sinktest.Game(89, 10, sinktest.Start), partitions)...)
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stop without a database took %s", took)
	}
}

// makeUnavailable makes the database refuse connections, and ends those it has.
func makeUnavailable(t *testing.T, db *postgrestest.Database) (up func()) {
	t.Helper()
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	name := cfg.Database
	cfg.Database = "postgres"
	admin, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	allow := func(yes bool) {
		if _, err := admin.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %t", name, yes)); err != nil {
			t.Fatal(err)
		}
	}
	allow(false)
	if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name); err != nil {
		t.Fatal(err)
	}
	return func() { allow(true) }
}
