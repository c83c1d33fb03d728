package pgchild

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// fetcher fetches an installation of a major version, 0 for any, into a cache folder.
type fetcher func(ctx context.Context, major int, cache string) (installation, error)

const defaultRelease = embeddedpostgres.V17

func release(major int) (embeddedpostgres.PostgresVersion, error) {
	releases := map[int]embeddedpostgres.PostgresVersion{
		0: defaultRelease, 13: embeddedpostgres.V13, 14: embeddedpostgres.V14, 15: embeddedpostgres.V15,
		16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
	}
	if v, ok := releases[major]; ok {
		return v, nil
	}
	return "", fmt.Errorf("no PostgreSQL %d can be fetched", major)
}

// fetchFromMaven downloads an installation (about 15 MB) unless the cache has it.
func fetchFromMaven(ctx context.Context, major int, cache string) (installation, error) {
	version, err := release(major)
	if err != nil {
		return installation{}, err
	}
	home := filepath.Join(cache, "postgresql-"+string(version))
	if p, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return p, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return installation{}, fmt.Errorf("create cache folder: %w", err)
	}
	stage, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return installation{}, fmt.Errorf("create cache folder: %w", err)
	}
	defer os.RemoveAll(stage)

	done := make(chan error, 1)
	go func() { done <- download(version, stage) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return installation{}, fmt.Errorf("fetch PostgreSQL %s: %w", version, ctx.Err())
	}
	if err != nil {
		return installation{}, fmt.Errorf("fetch PostgreSQL %s, as none is installed: %w", version, err)
	}
	// Another process may have stored it meanwhile.
	if err := os.Rename(filepath.Join(stage, "programs"), home); err != nil {
		if _, statErr := os.Stat(home); statErr != nil {
			return installation{}, fmt.Errorf("store PostgreSQL %s: %w", version, err)
		}
	}
	return inspect(ctx, filepath.Join(home, "bin"))
}

// download extracts an installation into stage/programs. The library has no call that
// only fetches, so it gets a data folder that cannot exist: it fails at the first step
// after the extraction, whoever the user is.
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
		return fmt.Errorf("download from Maven Central: %w", err)
	}
	return os.Chmod(target, 0o755)
}
