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

// child is one run of the server.
type child struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	tail []string // its last lines
}

// settings keep the server small: it shares a machine with all the rest.
func (s *Server) settings() []string {
	set := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"max_connections=64", "shared_buffers=32MB", "huge_pages=off", "jit=off",
		// No parallel queries: they want shared memory that small containers lack.
		"max_parallel_workers_per_gather=0", "max_parallel_maintenance_workers=0",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=512MB", "checkpoint_timeout=10min",
		"timezone=UTC", "log_timezone=UTC", "log_destination=stderr", "logging_collector=off",
		"log_min_messages=warning", "log_line_prefix=", "log_statement=none", "log_min_error_statement=panic",
	}
	if s.cfg.Forgetful {
		set = append(set, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	return set
}

func (s *Server) spawn() (*child, error) {
	d, err := s.as.open(s.data, s.bin)
	if err != nil {
		return nil, err
	}
	defer d.close() // the child has its own by then
	args := []string{"-D", d.path, "-c", marker(s.data)}
	for _, setting := range s.settings() {
		args = append(args, "-c", setting)
	}
	cmd := s.as.command(d, filepath.Join(s.bin.bin, "postgres"), args...)
	dieWithParent(cmd)
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The parent-death signal is sent when the *thread* ends that started
		// the child: this one stays until the child has gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.read(out, s.cfg.Logger)
		_ = cmd.Wait() // its last words say more than its status
		close(c.exited)
	}()
	return c, <-started
}

const tailLines = 20

func (c *child) read(out io.Reader, logger *slog.Logger) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		c.mu.Lock()
		if c.tail = append(c.tail, line); len(c.tail) > tailLines {
			c.tail = c.tail[1:]
		}
		c.mu.Unlock()
		if worth(line) {
			logger.Warn("embedded postgres", "said", line)
		}
	}
	_, _ = io.Copy(io.Discard, out) // a line beyond measure: do not block the server
}

// worth tells an operator's line from those of coming and going.
func worth(line string) bool {
	if strings.Contains(line, "the database system is ") || strings.Contains(line, "due to administrator command") {
		return false
	}
	return strings.Contains(line, "PANIC:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "ERROR:")
}

func (c *child) said(what string) bool { return strings.Contains(c.lastWords(), what) }

func (c *child) lastWords() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.tail, " / ")
}

// stop shuts the child down and reports whether that went cleanly within limit.
func (c *child) stop(limit time.Duration) bool {
	_ = c.cmd.Process.Signal(fast)
	select {
	case <-c.exited:
		return true
	case <-time.After(limit):
	}
	_ = c.cmd.Process.Signal(immediate)
	select {
	case <-c.exited:
	case <-time.After(time.Second):
		_ = c.cmd.Process.Kill()
		<-c.exited
	}
	return false
}
