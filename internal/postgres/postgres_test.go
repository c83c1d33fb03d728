package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres"
	"tabiya/internal/postgres/postgrestest"
)

func withTimeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func date(year int, m time.Month, day int) time.Time {
	return time.Date(year, m, day, 0, 0, 0, 0, time.UTC)
}

func TestConcurrentMigrationsSucceed(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	if _, err := db.Pool.Exec(ctx, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- postgres.Migrate(ctx, db.DSN) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if _, err := db.Pool.Exec(ctx, "SELECT FROM accounts, outbox, sink_offsets, games, player_games"); err != nil {
		t.Error(err)
	}
}

const insertGame = `INSERT INTO games (game_id, ended_at, created_at, region, speed, rated, white_id, white_handle, white_rating,
	black_id, black_handle, black_rating, initial_cs, increment_cs, result, termination, plies, moves, clocks_cs, start_fen, fen, event_id, event_seq)
	VALUES (gen_random_uuid(), $1, $1, 'eu', 'blitz', true, gen_random_uuid(), 'a', 1500, gen_random_uuid(), 'b', 1500,
	18000, 0, '1-0', 'checkmate', 0, '', '{}', '', '', gen_random_uuid(), 1)`

func TestConcurrentCallersCreatePartitions(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)

	// An open transaction that has read and written does not block the callers.
	tx, err := db.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := postgres.EnsurePartitions(ctx, db.Pool, date(2026, 11, 1), date(2026, 11, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, insertGame, date(2026, 11, 30)); err != nil {
		t.Fatal(err)
	}

	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			from := date(2026, time.Month(9+i%3), 17)
			if err := postgres.EnsurePartitions(ctx, db.Pool, from, from.AddDate(1, 0, 0)); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()

	var games, playerGames int
	const children = `SELECT count(*) FROM pg_inherits WHERE inhparent = $1::regclass`
	if err := db.Pool.QueryRow(ctx, children, "games").Scan(&games); err != nil {
		t.Fatal(err)
	}
	if err := db.Pool.QueryRow(ctx, children, "player_games").Scan(&playerGames); err != nil {
		t.Fatal(err)
	}
	if games != 15 || playerGames != 15 { // September 2026 to November 2027
		t.Errorf("%d and %d partitions, want 15 each", games, playerGames)
	}
}

func TestPartitionIsAMonthInUTC(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	if _, err := db.Pool.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s SET timezone = 'Pacific/Auckland'", db.Pool.Config().ConnConfig.Database)); err != nil {
		t.Fatal(err)
	}
	db.Pool.Reset()
	if err := postgres.EnsurePartitions(ctx, db.Pool, date(2026, 2, 1), date(2026, 3, 1).Add(-time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Time
		fits bool
	}{
		{date(2026, 2, 1), true},
		{date(2026, 3, 1).Add(-time.Microsecond), true},
		{date(2026, 2, 1).Add(-time.Microsecond), false},
		{date(2026, 3, 1), false},
	} {
		if _, err := db.Pool.Exec(ctx, insertGame, c.at); (err == nil) != c.fits {
			t.Errorf("insert at %s: %v", c.at, err)
		}
	}
}

func TestEnsurePartitionsRejectsACentury(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	err := postgres.EnsurePartitions(withTimeout(t, time.Minute), db.Pool, date(1970, 1, 1), date(2070, 2, 1))
	if err == nil || errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// Whatever the number of partitions, a page must be read from the primary key's index.
func TestPageOfGamesIsReadInPrimaryKeyOrder(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	if err := postgres.EnsurePartitions(ctx, db.Pool, date(2026, 1, 1), date(2026, 3, 1)); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"); err != nil { // the tables are empty
		t.Fatal(err)
	}
	const id = "'01890000-0000-7000-8000-000000000000'"
	rows, err := tx.Query(ctx, "EXPLAIN SELECT * FROM player_games WHERE player_id = "+id+
		" AND ended_at <= '2026-02-02' AND (ended_at, game_id) < ('2026-02-02', "+id+") ORDER BY ended_at DESC, game_id DESC LIMIT 20")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(plan, "\n")
	if strings.Contains(text, "Sort") || !strings.Contains(text, "Index Scan Backward") || strings.Contains(text, "2026_03") {
		t.Errorf("plan is not an ordered index scan of pruned partitions:\n%s", text)
	}
}

// A game and a rating that are in the tables before the migrations, and some that are
// written later.
func TestTriggersKeepWhatWasThereBeforeAndWhatComes(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	if err := postgres.EnsurePartitions(ctx, db.Pool, date(2026, 1, 1), date(2026, 2, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(ctx, `DROP TRIGGER note_game_ends ON games; DROP FUNCTION note_game_ends(); DROP TABLE game_ends;
		DROP TABLE account_codes; ALTER TABLE games DROP COLUMN rematch_failure;
		DROP TRIGGER keep_current_ratings ON ratings; DROP FUNCTION keep_current_ratings(); DROP TABLE current_ratings; DELETE FROM goose_db_version WHERE version_id >= 9`); err != nil {
		t.Fatal(err)
	}
	for _, day := range []int{5, 6} {
		if _, err := db.Pool.Exec(ctx, insertGame, date(2026, 1, day)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Pool.Exec(ctx, `INSERT INTO ratings SELECT '01890000-0000-7000-8000-000000000000', gen_random_uuid(), 'blitz', $1, 1500 + n, 60, 0.06, 1, n
			FROM generate_series($2::int - 1, $2) n`, date(2026, 1, day), day); err != nil {
			t.Fatal(err)
		}
		if err := postgres.Migrate(ctx, db.DSN); err != nil {
			t.Fatal(err)
		}
		var rows, games int
		if err := db.Pool.QueryRow(ctx, `SELECT count(*), max(games) FROM current_ratings WHERE rating = 1500 + games`).Scan(&rows, &games); err != nil || rows != 1 || games != day {
			t.Errorf("%d current ratings, the last after %d games, want one after %d: %v", rows, games, day, err)
		}
	}
	var all, noted int
	if err := db.Pool.QueryRow(ctx, `SELECT count(*), count(e.game_id) FROM games g LEFT JOIN game_ends e USING (game_id, ended_at)`).Scan(&all, &noted); err != nil || all != 2 || noted != 2 {
		t.Errorf("%d of %d games are in game_ends: %v", noted, all, err)
	}
}

func TestUnreachableDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections but does not answer
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, addr := range map[string]net.Addr{"refuses": closed.Addr(), "hangs": silent.Addr()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := fmt.Sprintf("postgres://u:p@%s/db?sslmode=disable&connect_timeout=1", addr)
			if _, err := postgres.Open(t.Context(), dsn); !errors.Is(err, postgres.ErrUnavailable) {
				t.Errorf("open: %v", err)
			}
			if err := postgres.Migrate(t.Context(), dsn); !errors.Is(err, postgres.ErrUnavailable) {
				t.Errorf("migrate: %v", err)
			}
		})
	}
}

func TestUnavailableClassifiesErrors(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)

	_, err := db.Pool.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
	if err := postgres.Unavailable(err); !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("terminated by an administrator: %v", err)
	}
	_, err = db.Pool.Exec(ctx, "SELECT 1/0")
	if err := postgres.Unavailable(err); err == nil || errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("failed statement: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = db.Pool.Exec(short, "SELECT pg_sleep(60)")
	if err := postgres.Unavailable(err); !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("timed out: %v", err)
	}
	cancelled, cancelCall := context.WithCancel(ctx)
	cancelCall()
	_, err = db.Pool.Exec(cancelled, "SELECT 1")
	if err := postgres.Unavailable(err); !errors.Is(err, context.Canceled) || errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("cancelled: %v", err)
	}
	if postgres.Unavailable(nil) != nil {
		t.Error("nil: got an error")
	}
}

// The first statement after the server has closed a connection finds it broken, the
// next one in the same transaction finds it closed.
func TestClosedConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	conn, err := pgx.Connect(t.Context(), db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(t.Context(), "SELECT pg_terminate_backend($1)", conn.PgConn().PID()); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"broken", "closed"} {
		if _, err := tx.Exec(t.Context(), "SELECT 1"); !errors.Is(postgres.Unavailable(err), postgres.ErrUnavailable) {
			t.Errorf("%s: %v", state, err)
		}
	}
	if err := tx.Commit(t.Context()); !errors.Is(postgres.Unavailable(err), postgres.ErrUnavailable) {
		t.Errorf("commit: %v", err)
	}
}

func TestRoleThatCannotCreatePartitionsIsFoundOut(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	if err := postgres.CheckPartitionRights(ctx, db.Pool); err != nil {
		t.Fatalf("the owner: %v", err)
	}
	role := "writer_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.Pool.Exec(ctx, "CREATE ROLE "+role+"; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO "+role); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = db.Pool.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	config, err := pgxpool.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET ROLE "+role)
		return err
	}
	limited, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limited.Close)
	if err := postgres.CheckPartitionRights(ctx, limited); !errors.Is(err, postgres.ErrCannotPartition) {
		t.Errorf("a role that may only write: %v", err)
	}
	next := time.Now().AddDate(5, 0, 0)
	if err := postgres.EnsurePartitions(ctx, limited, next, next); err == nil {
		t.Error("but it creates partitions")
	}
}
