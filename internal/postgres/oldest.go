package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// ErrLaterSchema means that a later release has changed the schema so that this one
// must not use it.
var ErrLaterSchema = errors.New("the database is for later releases")

// checkOldestRelease returns an ErrLaterSchema if the schema says that the oldest
// release that may use it has migrations that this one lacks.
func checkOldestRelease(ctx context.Context, db *sql.DB, provider *goose.Provider) error {
	var exists bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass('oldest_release') IS NOT NULL").Scan(&exists); err != nil || !exists {
		return err
	}
	var name string
	var oldest, last int64
	if err := db.QueryRowContext(ctx, "SELECT name, migration FROM oldest_release").Scan(&name, &oldest); err != nil {
		return err
	}
	for _, source := range provider.ListSources() {
		last = max(last, source.Version)
	}
	if oldest > last {
		return fmt.Errorf("%w: the oldest that may use it is %s (migration %d), and this one knows migrations up to %d: run a later release", ErrLaterSchema, name, oldest, last)
	}
	return nil
}
