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

// clearLeftover ends a server that an earlier parent left behind, and removes a
// postmaster.pid whose process is gone, or is another program by now, which
// PostgreSQL itself cannot tell.
func clearLeftover(ctx context.Context, data string) error {
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
			if err := waitGone(ctx, pid, data, 5*time.Second); err != nil {
				return err
			}
		}
		if serves(pid, data) {
			return fmt.Errorf("process %d still serves %s", pid, data)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a stale postmaster.pid: %w", err)
	}
	return nil
}

func waitGone(ctx context.Context, pid int, data string, limit time.Duration) error {
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

// marker is a setting that PostgreSQL does not know and we know it by.
func marker(data string) string { return "tabiya.data=" + data }

// serves reports whether that process is a server over data: we start each with
// its marker.
func serves(pid int, data string) bool { return slices.Contains(arguments(pid), marker(data)) }
