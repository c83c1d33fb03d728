package pgchild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endOrphan ends a server that an earlier parent left running, and removes the
// postmaster.pid of a process that has ended. PostgreSQL itself would not start if
// another program has that process id by now.
func endOrphan(ctx context.Context, data string) error {
	path := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read postmaster.pid: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && pid > 1 {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
			if !serves(pid, data) {
				break
			}
			if err := syscall.Kill(pid, sig); err != nil {
				break
			}
			if err := waitEnded(ctx, pid, data, 5*time.Second); err != nil {
				return err
			}
		}
		if serves(pid, data) {
			return fmt.Errorf("process %d still serves %s", pid, data)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stale postmaster.pid: %w", err)
	}
	return nil
}

// waitEnded waits until the process no longer serves data, for at most limit.
func waitEnded(ctx context.Context, pid int, data string, limit time.Duration) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end) && serves(pid, data); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// marker is a setting without meaning to PostgreSQL, by which we recognize our servers.
func marker(data string) string { return "tabiya.data=" + data }

// serves reports whether a process is a server of ours for data.
func serves(pid int, data string) bool { return slices.Contains(arguments(pid), marker(data)) }
