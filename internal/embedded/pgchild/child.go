package pgchild

import (
	"bufio"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// child is one process of the server.
type child struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	tail []string // the last lines of its log
}

// settings returns settings for a small server: it shares the machine with the rest of
// the platform.
func (s *Server) settings() []string {
	set := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"max_connections=64", "shared_buffers=32MB", "huge_pages=off", "jit=off",
		// Parallel queries need more shared memory than small containers have.
		"max_parallel_workers_per_gather=0", "max_parallel_maintenance_workers=0",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=512MB", "checkpoint_timeout=10min",
		"timezone=UTC", "log_timezone=UTC", "log_destination=stderr", "logging_collector=off",
		"log_min_messages=warning", "log_line_prefix=", "log_statement=none", "log_min_error_statement=panic",
	}
	if s.cfg.NoSync {
		set = append(set, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	return set
}

func (s *Server) spawn() (*child, error) {
	d, err := s.account.openData(s.data, s.installation)
	if err != nil {
		return nil, err
	}
	defer d.close() // the child has inherited it by then
	args := []string{"-D", d.path, "-c", marker(s.data)}
	for _, setting := range s.settings() {
		args = append(args, "-c", setting)
	}
	cmd := s.account.command(d, filepath.Join(s.installation.bin, "postgres"), args...)
	dieWithParent(cmd)
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The parent-death signal is sent when the thread that started the child
		// ends, so this thread stays until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.readLog(out, s.cfg.Logger)
		_ = cmd.Wait() // its log says more than its status
		close(c.exited)
	}()
	return c, <-started
}

const tailLines = 20

// readLog keeps the last lines of the server's log, and logs its errors.
func (c *child) readLog(out io.Reader, logger *slog.Logger) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		c.mu.Lock()
		if c.tail = append(c.tail, line); len(c.tail) > tailLines {
			c.tail = c.tail[1:]
		}
		c.mu.Unlock()
		if isError(line) {
			logger.Warn("embedded postgres", "line", line)
		}
	}
	_, _ = io.Copy(io.Discard, out) // after a line that is too long, so that the server is not blocked
}

// isError reports whether a line of the log is an error that does not come from the
// start or stop of the server.
func isError(line string) bool {
	if strings.Contains(line, "the database system is ") || strings.Contains(line, "due to administrator command") {
		return false
	}
	return strings.Contains(line, "PANIC:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "ERROR:")
}

func (c *child) logged(text string) bool { return strings.Contains(c.lastLines(), text) }

func (c *child) lastLines() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.tail, " / ")
}

// stop shuts the child down. It reports whether that was clean, within limit.
func (c *child) stop(limit time.Duration) bool {
	_ = c.cmd.Process.Signal(fastShutdown)
	select {
	case <-c.exited:
		return true
	case <-time.After(limit):
	}
	_ = c.cmd.Process.Signal(immediateShutdown)
	select {
	case <-c.exited:
	case <-time.After(time.Second):
		_ = c.cmd.Process.Kill()
		<-c.exited
	}
	return false
}
