package pgchild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeInstallation creates an installation whose programs print a version.
func fakeInstallation(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+version+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestInspectReadsTheMajorVersion(t *testing.T) {
	t.Parallel()
	for version, major := range map[string]int{
		"postgres (PostgreSQL) 17.5":                           17,
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": 15,
		"postgres (PostgreSQL) 19beta1":                        19,
		"postgres (PostgreSQL) 12.22":                          0, // too old
		"postgres 17.5":                                        0,
	} {
		p, err := inspect(t.Context(), fakeInstallation(t, version))
		if (err == nil) != (major != 0) || err == nil && p.major != major {
			t.Errorf("%q: %+v, %v", version, p, err)
		}
	}
	if _, err := inspect(t.Context(), t.TempDir()); err == nil {
		t.Error("an empty folder was accepted")
	}
}

func TestChooseFetchesAVersionThatIsNotInstalled(t *testing.T) {
	t.Parallel()
	fetched := 0
	fetch := func(_ context.Context, major int, _ string) (installation, error) {
		fetched = major
		return installation{"fetched", major}, nil
	}
	p, err := choose(t.Context(), 99, "", fetch)
	if err != nil || fetched != 99 || p.bin != "fetched" {
		t.Errorf("%+v %v, fetched %d", p, err, fetched)
	}
	broken := func(context.Context, int, string) (installation, error) {
		return installation{}, errors.New("no network")
	}
	if _, err := choose(t.Context(), 99, "", broken); err == nil || !strings.Contains(err.Error(), "99") {
		t.Errorf("got %v", err)
	}
	if _, err := release(99); err == nil {
		t.Error("release 99: no error")
	}
}

func TestIsErrorIgnoresStartAndStop(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"PANIC:  could not write to file":                             true,
		"FATAL:  data directory has wrong ownership":                  true,
		"ERROR:  out of shared memory":                                true,
		"FATAL:  the database system is starting up":                  false,
		"FATAL:  terminating connection due to administrator command": false,
		"LOG:  database system is ready to accept connections":        false,
	} {
		if isError(line) != want {
			t.Errorf("%q: want %v", line, want)
		}
	}
}
