// Package test drives the built program from outside: it starts whole platforms, kills
// their processes, takes their dependencies away, and checks that the log, the answers
// and the sinks agree.
package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program builds the binary once for all tests.
var program = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".cache", "test", "tabiya")
	out, err := exec.Command("go", "build", "-o", path, "tabiya/cmd/tabiya").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build tabiya: %w\n%s", err, out)
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// dataDir makes a data folder. It is accessible to other users, since PostgreSQL runs as
// another user if the test runs as root.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tabiya-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv(keepDirEnv) != "" {
			t.Logf("kept: %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}
