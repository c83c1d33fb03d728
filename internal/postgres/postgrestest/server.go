package postgrestest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"tabiya/internal/embedded/pgchild"
)

// startServer starts the binary's server. A test binary has no last hook, so a
// shell waits for its end, on a pipe that breaks with it, and clears up.
// The pipe must stay reachable: a collected one is a closed one.
func startServer(ctx context.Context) (dsn string, pipe io.Closer, err error) {
	dir, err := os.MkdirTemp("", "tabiya-postgres-")
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", nil, err
	}
	server, err := pgchild.Start(ctx, pgchild.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler), Forgetful: true})
	if err != nil {
		return "", nil, err
	}
	const clear = `cat >/dev/null; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.1; done 2>/dev/null; rm -rf "$2"`
	cleaner := exec.Command("sh", "-c", clear, "clear", strconv.Itoa(server.PID()), dir)
	cleaner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives Ctrl-C to do its work
	if pipe, err = cleaner.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := cleaner.Start(); err != nil {
		return "", nil, fmt.Errorf("start the cleaner: %w", err)
	}
	return server.DSN(), pipe, nil
}
