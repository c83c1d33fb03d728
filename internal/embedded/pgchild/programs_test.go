package pgchild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// install makes something that looks like an installation.
func install(t *testing.T, says string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatIsTakenForPostgreSQL(t *testing.T) {
	t.Parallel()
	for says, major := range map[string]int{
		"postgres (PostgreSQL) 17.5":                           17,
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": 15,
		"postgres (PostgreSQL) 19beta1":                        19,
		"postgres (PostgreSQL) 12.22":                          0, // too old
		"postgres the dog":                                     0,
	} {
		p, err := inspect(t.Context(), install(t, says))
		if (err == nil) != (major != 0) || err == nil && p.major != major {
			t.Errorf("%q: %+v, %v", says, p, err)
		}
	}
	if _, err := inspect(t.Context(), t.TempDir()); err == nil {
		t.Error("an empty folder was taken")
	}
}

func TestDataOfAVersionThatIsNotHereIsFetchedFor(t *testing.T) {
	t.Parallel()
	asked := 0
	fetch := func(_ context.Context, major int, _ string) (programs, error) {
		asked = major
		return programs{"fetched", major}, nil
	}
	p, err := choose(t.Context(), 99, "", fetch)
	if err != nil || asked != 99 || p.bin != "fetched" {
		t.Errorf("%+v %v, asked for %d", p, err, asked)
	}
	broken := func(context.Context, int, string) (programs, error) { return programs{}, errors.New("no net") }
	if _, err := choose(t.Context(), 99, "", broken); err == nil || !strings.Contains(err.Error(), "99") {
		t.Errorf("got %v", err)
	}
	if _, err := release(99); err == nil {
		t.Error("there is no release 99")
	}
}

func TestLinesForAnOperator(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"PANIC:  could not write to file":                             true,
		"FATAL:  data directory has wrong ownership":                  true,
		"ERROR:  out of shared memory":                                true,
		"FATAL:  the database system is starting up":                  false,
		"FATAL:  terminating connection due to administrator command": false,
		"LOG:  database system is ready to accept connections":        false,
	} {
		if worth(line) != want {
			t.Errorf("%q", line)
		}
	}
}
