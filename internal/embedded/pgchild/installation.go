package pgchild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest major version that is used.
const minMajor = 13

// installation is one installation of PostgreSQL.
type installation struct {
	bin   string // folder of initdb and postgres
	major int
}

// installed returns the installations of this machine, the newest first.
func installed(ctx context.Context) []installation {
	var found []installation
	for _, dir := range candidates(ctx) {
		if p, err := inspect(ctx, dir); err == nil && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return b.major - a.major })
	return found
}

func candidates(ctx context.Context) []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian
		"/usr/pgsql-*/bin",                                   // Red Hat, from postgresql.org
		"/usr/libexec/postgresql*",                           // Alpine
		"/usr/local/pgsql/bin",                               // from source
		"/opt/homebrew/opt/postgresql*/bin",                  // macOS
		"/usr/local/opt/postgresql*/bin",                     // macOS, Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin", // macOS
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are valid
		dirs = append(dirs, matches...)
	}
	return dirs
}

var versionLine = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// inspect returns the installation in a folder. It follows links, so that the server
// finds its libraries and share files.
func inspect(ctx context.Context, dir string) (installation, error) {
	server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return installation{}, err
	}
	bin := filepath.Dir(server)
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return installation{}, err
	}
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return installation{}, err
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return installation{}, fmt.Errorf("%s is not PostgreSQL: %.60q", server, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err == nil && major < minMajor {
		err = fmt.Errorf("%s is version %d, older than %d", server, major, minMajor)
	}
	return installation{bin, major}, err
}

// choose returns the installation for data that version major created, or for new data
// if major is 0. It fetches one if none is installed.
func choose(ctx context.Context, major int, cache string, fetch fetcher) (installation, error) {
	for _, p := range installed(ctx) {
		if major == 0 || p.major == major {
			return p, nil
		}
	}
	p, err := fetch(ctx, major, cache)
	if err != nil && major != 0 {
		return p, fmt.Errorf("the data needs PostgreSQL %d, which is not installed: %w", major, err)
	}
	return p, err
}
