package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tabiya/internal/postgres"
	"tabiya/internal/postgres/postgrestest"
)

func TestSchemaForLaterReleasesIsRefused(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := withTimeout(t, time.Minute)
	// A later release has a migration that this one lacks. That alone is no harm.
	if _, err := db.Pool.Exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9998, true), (9999, true)"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(ctx, db.DSN); err != nil {
		t.Fatalf("a schema with unknown migrations: %v", err)
	}
	if _, err := db.Pool.Exec(ctx, "UPDATE oldest_release SET name = 'v9.9.0', migration = 9998"); err != nil {
		t.Fatal(err)
	}
	err := postgres.Migrate(ctx, db.DSN)
	if !errors.Is(err, postgres.ErrLaterSchema) || errors.Is(err, postgres.ErrUnavailable) ||
		!strings.Contains(err.Error(), "v9.9.0") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("Migrate returned %v", err)
	}
	var applied int
	if err := db.Pool.QueryRow(ctx, "SELECT count(*) FROM goose_db_version WHERE version_id > 9000").Scan(&applied); err != nil || applied != 2 {
		t.Errorf("%d later migrations are left: %v", applied, err)
	}
}

func TestSchemaSaysTheOldestReleaseOfItsLastMigrations(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	var name string
	var oldest, last int64
	if err := db.Pool.QueryRow(withTimeout(t, time.Minute),
		"SELECT name, migration, (SELECT max(version_id) FROM goose_db_version) FROM oldest_release").Scan(&name, &oldest, &last); err != nil {
		t.Fatal(err)
	}
	if name == "" || oldest < 8 || oldest > last {
		t.Errorf("%q with migration %d of %d", name, oldest, last)
	}
}
