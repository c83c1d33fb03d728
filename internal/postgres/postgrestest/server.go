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

// startServer starts the binary's server. A test binary has no hook that runs at its
// end, so a shell waits on a pipe for the end, stops the server and removes its files.
// The pipe must stay reachable: a pipe that is garbage collected is closed.
func startServer(ctx context.Context) (dsn string, pipe io.Closer, err error) {
	dir, err := os.MkdirTemp("", "tabiya-postgres-")
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", nil, err
	}
	server, err := pgchild.Start(ctx, pgchild.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler), NoSync: true})
	if err != nil {
		return "", nil, err
	}
	const script = `cat >/dev/null; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.1; done 2>/dev/null; rm -rf "$2"`
	cleaner := exec.Command("sh", "-c", script, "cleaner", strconv.Itoa(server.PID()), dir)
	cleaner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives Ctrl-C
	if pipe, err = cleaner.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := cleaner.Start(); err != nil {
		return "", nil, fmt.Errorf("start the cleaner: %w", err)
	}
	return server.DSN(), pipe, nil
}
