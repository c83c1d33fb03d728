package pgchild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tabiya/internal/postgres"
)

// Config configures a server.
type Config struct {
	// Dir is the absolute path of the server's folder, which is created if missing. The
	// caller holds a lock on it.
	Dir string
	// Logger logs the server's errors.
	Logger *slog.Logger
	// NoSync turns off syncing to disk, for tests: a crash of the machine can lose data.
	NoSync bool

	fetch fetcher // nil: fetchFromMaven
}

// Server is a running server.
type Server struct {
	cfg          Config
	account      *account
	installation installation
	data         string // path with links resolved
	port         int
	dsn          string

	mu      sync.Mutex
	child   *child
	closing bool
	stopped chan struct{} // closed when no child will be started any more
}

// Start starts the server, and creates its data first if there is none. It returns when
// the server answers.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.fetch == nil {
		cfg.fetch = fetchFromMaven
	}
	s := &Server{cfg: cfg, stopped: make(chan struct{})}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	c, err := s.launch(ctx)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	s.child = c
	go s.superviseChild(c)
	return s, nil
}

func (s *Server) prepare(ctx context.Context) (err error) {
	f := folder(s.cfg.Dir)
	if err = os.MkdirAll(s.cfg.Dir, 0o711); err != nil {
		return err
	}
	major, err := f.major()
	if err != nil {
		return err
	}
	if s.account, err = unprivileged(f.data()); err != nil {
		return err
	}
	cache, err := s.account.cache()
	if err != nil {
		return err
	}
	if s.installation, err = choose(ctx, major, cache, s.cfg.fetch); err != nil {
		return err
	}
	password, err := f.password()
	if err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	if major == 0 {
		if err := initialize(f, s.installation, s.account, password, s.cfg.NoSync); err != nil {
			return err
		}
	}
	if s.data, err = filepath.EvalSymlinks(f.data()); err != nil {
		return err
	}
	if s.port, err = f.port(); err != nil {
		return err
	}
	s.dsn = (&url.URL{
		Scheme: "postgres", User: url.UserPassword(User, password), Host: "127.0.0.1:" + strconv.Itoa(s.port),
		Path: "/" + Database, RawQuery: "sslmode=disable",
	}).String()
	return nil
}

// DSN returns how to connect, with the password.
func (s *Server) DSN() string { return s.dsn }

// PID returns the present process id of the server.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child.cmd.Process.Pid
}

// launch starts a child and waits until it answers.
func (s *Server) launch(ctx context.Context) (*child, error) {
	if err := endOrphan(ctx, s.data); err != nil {
		return nil, err
	}
	for {
		c, err := s.spawn()
		if err != nil {
			return nil, err
		}
		err = s.waitReady(ctx, c)
		if err == nil {
			return c, nil
		}
		c.stop(5 * time.Second)
		// The processes of a killed server end within moments of it.
		if !c.logged("pre-existing shared memory block") || ctx.Err() != nil {
			return nil, err
		}
		if !sleep(ctx, 200*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// waitReady waits until the child answers.
func (s *Server) waitReady(ctx context.Context, c *child) error {
	for {
		pool, err := postgres.Open(ctx, s.dsn)
		if err == nil {
			pool.Close()
			return nil
		}
		if !errors.Is(err, postgres.ErrUnavailable) {
			return err
		}
		select {
		case <-c.exited:
			return fmt.Errorf("server ended: %s", c.lastLines())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// superviseChild restarts the server whenever it ends before Close.
func (s *Server) superviseChild(c *child) {
	defer close(s.stopped)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		<-c.exited
		if s.isClosing() {
			return
		}
		s.cfg.Logger.Error("embedded postgres ended, restarting", "err", c.lastLines())
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		sleep(ctx, wait)
		next, err := s.launch(ctx)
		cancel()
		if err != nil {
			s.cfg.Logger.Error("restart embedded postgres", "err", err)
			continue // c has exited, so this retries after the next pause
		}
		if c = next; s.adopt(c) {
			continue
		}
		c.stop(5 * time.Second)
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// adopt makes c the server's child, unless Close was called meanwhile.
func (s *Server) adopt(c *child) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.child = c
	}
	return !s.closing
}

// Close shuts the server down: it closes connections and writes everything to disk. It
// returns at most a second after ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	c := s.child
	s.mu.Unlock()
	limit := time.Hour
	if deadline, ok := ctx.Deadline(); ok {
		limit = time.Until(deadline)
	}
	clean := c.stop(limit)
	<-s.stopped
	if !clean {
		return errors.New("embedded PostgreSQL did not stop in time and was killed; it recovers at the next start")
	}
	return nil
}

// sleep reports whether d has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// The signals for PostgreSQL's shutdown modes, see
// https://www.postgresql.org/docs/current/server-shutdown.html.
const (
	fastShutdown      = syscall.SIGINT
	immediateShutdown = syscall.SIGQUIT
)
