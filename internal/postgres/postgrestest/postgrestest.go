// Package postgrestest gives each test a database of its own, cloned in about 30 ms
// from a template with all migrations.
//
// A test binary starts a server for itself, which is removed when the binary ends. If
// TABIYA_TEST_POSTGRES is set, the server is the one of that DSN, whose user must be
// allowed to create databases.
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

// Env is the environment variable with the DSN of the server to use.
const Env = "TABIYA_TEST_POSTGRES"

// Database is a test's own database.
type Database struct {
	DSN  string
	Pool *pgxpool.Pool
}

// New creates the test's database, and drops it when the test ends.
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
	dsn := dsnOf(template.server, name)
	pool, err := postgres.Open(ctx, dsn)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(pool.Close)
	return &Database{DSN: dsn, Pool: pool}
}

type template struct {
	server, name string
	pipe         io.Closer // keeps the server running, see startServer; nil if it is not ours
}

// shared creates the template that the tests of a binary share.
var shared = sync.OnceValues(func() (template, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	server, pipe := os.Getenv(Env), io.Closer(nil)
	if server == "" {
		var err error
		if server, pipe, err = startServer(ctx); err != nil {
			return template{}, err
		}
	}
	// The name is unique, so that the template has this binary's migrations only.
	name := fmt.Sprintf("template_%d_%d", os.Getpid(), time.Now().UnixNano())
	if err := admin(ctx, server, "CREATE DATABASE "+name); err != nil {
		return template{}, fmt.Errorf("create template: %w", err)
	}
	if err := postgres.Migrate(ctx, dsnOf(server, name)); err != nil {
		return template{}, err
	}
	return template{server, name, pipe}, nil
})

// admin runs one statement on the server. It retries while the template is in use:
// cloning fails while anything is connected to it, even a process of the server.
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

// dsnOf returns the DSN of another database of the server.
func dsnOf(server, database string) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return server + " dbname=" + database // in the key=value form the last value counts
	}
	u.Path = "/" + database
	return u.String()
}
