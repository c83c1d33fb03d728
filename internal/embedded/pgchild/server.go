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

// Config says what to run.
type Config struct {
	// Dir is the folder, absolute, made if missing. The caller holds a lock on it.
	Dir string
	// Logger takes the server's warnings and errors.
	Logger *slog.Logger
	// Forgetful trades the data's safety for speed: for tests.
	Forgetful bool

	fetch fetcher // nil: fetchFromMaven
}

// Server is a running server.
type Server struct {
	cfg  Config
	as   *account
	bin  programs
	data string // resolved
	port int
	dsn  string

	mu      sync.Mutex
	child   *child
	closing bool
	over    chan struct{} // closed when no child will follow
}

// Start starts the server over cfg.Dir, and makes it first if it is new. It
// returns when the server answers.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.fetch == nil {
		cfg.fetch = fetchFromMaven
	}
	s := &Server{cfg: cfg, over: make(chan struct{})}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	c, err := s.launch(ctx)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	s.child = c
	go s.keep(c)
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
	if s.as, err = unprivileged(f.data()); err != nil {
		return err
	}
	cache, err := s.as.cache()
	if err != nil {
		return err
	}
	if s.bin, err = choose(ctx, major, cache, s.cfg.fetch); err != nil {
		return err
	}
	secret, err := f.secret()
	if err != nil {
		return fmt.Errorf("keep the password: %w", err)
	}
	if major == 0 {
		if err := initialize(f, s.bin, s.as, secret, s.cfg.Forgetful); err != nil {
			return err
		}
	}
	if s.data, err = filepath.EvalSymlinks(f.data()); err != nil {
		return err
	}
	if s.port, err = f.lastPort(); err != nil {
		return err
	}
	s.dsn = (&url.URL{
		Scheme: "postgres", User: url.UserPassword(User, secret), Host: "127.0.0.1:" + strconv.Itoa(s.port),
		Path: "/" + Database, RawQuery: "sslmode=disable",
	}).String()
	return nil
}

// DSN is how to connect, password included.
func (s *Server) DSN() string { return s.dsn }

// PID is the server's process now.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child.cmd.Process.Pid
}

// launch starts a child and waits until it answers.
func (s *Server) launch(ctx context.Context) (*child, error) {
	if err := clearLeftover(ctx, s.data); err != nil {
		return nil, err
	}
	for {
		c, err := s.spawn()
		if err != nil {
			return nil, err
		}
		err = s.answers(ctx, c)
		if err == nil {
			return c, nil
		}
		c.stop(5 * time.Second)
		// Processes of a server that was killed go within moments of it.
		if !c.said("pre-existing shared memory block") || ctx.Err() != nil {
			return nil, err
		}
		if !pause(ctx, 200*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

func (s *Server) answers(ctx context.Context, c *child) error {
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
			return fmt.Errorf("the server ended: %s", c.lastWords())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// keep starts the server again whenever it ends before Close.
func (s *Server) keep(c *child) {
	defer close(s.over)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		<-c.exited
		if s.isClosing() {
			return
		}
		s.cfg.Logger.Error("embedded postgres ended and is started again", "err", c.lastWords())
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		pause(ctx, wait)
		next, err := s.launch(ctx)
		cancel()
		if err != nil {
			s.cfg.Logger.Error("embedded postgres does not start", "err", err)
			continue // c has exited: once more, later
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

// adopt makes c the server's child, unless Close was faster.
func (s *Server) adopt(c *child) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.child = c
	}
	return !s.closing
}

// Close shuts the server down: connections are cut, everything is on disk. It
// takes at most until ctx ends and a second more.
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
	<-s.over
	if !clean {
		return errors.New("embedded PostgreSQL had to be killed; it recovers at the next start")
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// fast is PostgreSQL's fast shutdown, immediate its emergency stop.
const (
	fast      = syscall.SIGINT
	immediate = syscall.SIGQUIT
)
