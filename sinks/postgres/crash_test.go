package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/sinks/sinktest"
)

func TestKilledBetweenCopyAndCommitNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 60)
	db := postgrestest.New(t)
	kill := func(batch int) *started {
		return start(t, log.Config, db, func(s *Sink) {
			s.hooks.copied = func() error {
				if batch--; batch == 0 {
					return errKilled
				}
				return nil
			}
		})
	}
	if err := kill(1).fails(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if games, players := rows(t, db); len(games)+len(players) != 0 {
		t.Fatalf("%d games and %d of players without a commit", len(games), len(players))
	}
	killed := kill(2)
	written(t, log, db)
	log.Append(t, sinktest.Records(sinktest.Game(500, 2, sinktest.Start), partitions)...)
	if err := killed.fails(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	start(t, log.Config, db, nil)
	written(t, log, db)
	want(t, db, append(events, sinktest.Game(500, 2, sinktest.Start)...))
}

func TestAZombiesTransactionFails(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 60)
	db := postgrestest.New(t)
	frozen, thaw := make(chan struct{}), make(chan struct{})
	zombie := start(t, log.Config, db, func(s *Sink) {
		s.cfg.Group = "zombie"
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
	<-frozen // with a batch in its hands
	s := start(t, log.Config, db, nil)
	written(t, log, db)
	more := sinktest.Game(9999, 8, sinktest.Start)
	log.Append(t, sinktest.Records(more, partitions)...)
	written(t, log, db)
	close(thaw)
	if err := zombie.fails(); !errors.Is(err, errFenced) {
		t.Errorf("the zombie ended with %v", err)
	}
	s.stop()
	want(t, db, append(events, more...))
}

func TestTwoCopiesSideBySideWriteTheSameRows(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 200)
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
	written(t, log, db)
	cancel()
	for _, done := range ended {
		<-done
	}
	want(t, db, events)
}

func TestACommitWhoseAnswerWasLostIsNoFence(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 20)
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
	written(t, log, db)
	want(t, db, events)
}

func TestTheDatabaseIsWaitedFor(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 30)
	db := postgrestest.New(t)
	s := start(t, log.Config, db, nil)
	written(t, log, db)
	up := down(t, db)
	more := sinktest.Game(88, 10, sinktest.Start)
	log.Append(t, sinktest.Records(more, partitions)...)
	for deadline := time.Now().Add(30 * time.Second); s.running.Load().database.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not notice")
		}
	}
	up()
	written(t, log, db)
	want(t, db, append(events, more...))

	down(t, db)
	log.Append(t, sinktest.Records(sinktest.Game(89, 10, sinktest.Start), partitions)...)
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("without a database its stop took %s", took)
	}
}

// down makes the test's database refuse everybody, and ends their connections.
func down(t *testing.T, db *postgrestest.Database) (up func()) {
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
