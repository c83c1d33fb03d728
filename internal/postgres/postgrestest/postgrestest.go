// Package postgrestest gives each test a database of its own, cloned in some
// 30 ms from a template that has all migrations.
//
// The server is one a test binary starts for itself and that ends with it, its
// files with it, or, with TABIYA_TEST_POSTGRES, the one behind that DSN, whose
// user has to be allowed to create databases.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres"
)

// Env names the variable that takes a server's DSN.
const Env = "TABIYA_TEST_POSTGRES"

// Database is a test's own.
type Database struct {
	DSN  string
	Pool *pgxpool.Pool
}

// New makes the test's database; it goes with the test.
func New(t testing.TB) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	template, err := shared()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := admin(ctx, template.server, "CREATE DATABASE "+name+" TEMPLATE "+template.name); err != nil {
		t.Fatalf("postgrestest: create database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := admin(ctx, template.server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Logf("postgrestest: drop database: %v", err)
		}
	})
	dsn := on(template.server, name)
	pool, err := postgres.Open(ctx, dsn)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(pool.Close)
	return &Database{DSN: dsn, Pool: pool}
}

type template struct {
	server, name string
	life         io.Closer // of the server, if it is ours
}

// shared is the one thing that the tests of a binary share.
var shared = sync.OnceValues(func() (template, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	server, life := os.Getenv(Env), io.Closer(nil)
	if server == "" {
		var err error
		if server, life, err = startServer(ctx); err != nil {
			return template{}, err
		}
	}
	// Named by time, so that no other migrations than this binary's are in it.
	name := fmt.Sprintf("template_%d_%d", os.Getpid(), time.Now().UnixNano())
	if err := admin(ctx, server, "CREATE DATABASE "+name); err != nil {
		return template{}, fmt.Errorf("create template: %w", err)
	}
	if err := postgres.Migrate(ctx, on(server, name)); err != nil {
		return template{}, err
	}
	return template{server, name, life}, nil
})

// admin runs one statement outside any test's database. Cloning fails while
// somebody is connected to the template, which the server itself is at times.
func admin(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for {
		_, err := conn.Exec(ctx, statement)
		const objectInUse = "55006"
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != objectInUse {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// on is the server's DSN for another of its databases.
func on(server, database string) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return server + " dbname=" + database // key=value form: the last one holds
	}
	u.Path = "/" + database
	return u.String()
}
